// exp and tanh of one f32, computed in f64 without tables: the standard library's exp keeps a table in memory, and this
// module owns no byte of the memory that it is given.

const LOG2_E: f64 = 1.4426950408889634;
const LN_2: f64 = 0.6931471805599453;

/**
 * e^x in f64, for a result that is rounded to f32. x = n ln 2 + r with |r| <= ln 2 / 2, e^x = 2^n e^r.
 * Exactness: the first term left out of the series is r^10 / 10!, below 1e-11. NaN stays NaN.
 */
export function exponential(value: f32): f64 {
  // Beyond these bounds an f32 result is 0 or infinite anyway, and 2^n stays an ordinary f64.
  const x = min<f64>(max<f64>(<f64>value, -150), 150);
  const n = nearest<f64>(x * LOG2_E);
  const r = x - n * LN_2;
  let series: f64 = 1.0 / 362880;
  series = series * r + 1.0 / 40320;
  series = series * r + 1.0 / 5040;
  series = series * r + 1.0 / 720;
  series = series * r + 1.0 / 120;
  series = series * r + 1.0 / 24;
  series = series * r + 1.0 / 6;
  series = series * r + 0.5;
  series = series * r + 1;
  series = series * r + 1;
  // The conversion saturates: NaN gives 0 here and stays NaN in the series.
  return series * reinterpret<f64>((<i64>n + 1023) << 52);
}

/** tanh x = (1 - e^-2|x|) / (1 + e^-2|x|) with the sign of x; x itself where x^3 / 3 is lost in f32. NaN stays NaN. */
export function hyperbolicTangent(x: f32): f32 {
  const size = abs<f32>(x);
  if (size < 1e-4) return x;
  const e = exponential(-2 * size);
  return copysign<f32>(<f32>((1 - e) / (1 + e)), x);
}
