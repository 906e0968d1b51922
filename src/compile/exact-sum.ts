// Whether sums of float32 numbers are float32 numbers themselves. A sum is formed in float64; TwoSum gives what each
// addition lost. Source: Knuth, The Art of Computer Programming 2, 4.2.2, theorem B.

/** What a + b in float64 lost: 0 when it is exact. */
export function lossOf(a: number, b: number): number {
  const sum = a + b;
  const shared = sum - a;
  return a - (sum - shared) + (b - shared);
}

/** True for a float32 value; false for NaN, infinity and what float32 would round. */
export function isFloat32(value: number): boolean {
  return Math.fround(value) === value && Number.isFinite(value);
}

export const MAX_FLOAT32: number = (2 - 2 ** -23) * 2 ** 127;
