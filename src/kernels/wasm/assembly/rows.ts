// Rows in and out of tiles. A tile holds `lanes` rows neuron-major; outside tiles a dense row is contiguous f32.

// The signs of a vector of f32 do not count: -0 is zero, and every other value, NaN included, has another bit set.
// @ts-ignore: decorator
@inline function nonZeroLanes(seen: v128): u32 {
  return <u32>i32x4.bitmask(i32x4.ne(v128.and(seen, i32x4.splat(0x7fffffff)), i32x4.splat(0)));
}

/** Which of 16 neighbouring rows are not all zero; `first` is the first row's value of neuron 0. */
// @ts-ignore: decorator
@inline function liveSixteen(first: usize, step: usize, end: usize): u32 {
  let s0 = i32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (let at = first; at < end; at += step) {
    s0 = v128.or(s0, v128.load(at, 0));
    s1 = v128.or(s1, v128.load(at, 16));
    s2 = v128.or(s2, v128.load(at, 32));
    s3 = v128.or(s3, v128.load(at, 48));
  }
  return nonZeroLanes(s0) | (nonZeroLanes(s1) << 4) | (nonZeroLanes(s2) << 8) | (nonZeroLanes(s3) << 12);
}

/** Bit r is set when row r of the tile has a value other than zero (NaN counts; -0 does not). */
export function liveMask(tile: usize, lanes: i32, ncols: u32): u32 {
  const step = <usize>lanes << 2;
  const end = tile + <usize>ncols * step;
  if (lanes == 32) return liveSixteen(tile, step, end) | (liveSixteen(tile + 64, step, end) << 16);
  if (lanes == 16) return liveSixteen(tile, step, end);
  let seen = i32x4.splat(0);
  if (lanes == 4) for (let at = tile; at < end; at += 16) seen = v128.or(seen, v128.load(at));
  else for (let at = tile; at < end; at += 4) seen = v128.or(seen, v128.load32_zero(at));
  return nonZeroLanes(seen);
}

/**
 * Fills a tile from rows of a CSR matrix: lane r gets row load<u32>(rowList + 4 r), lanes from `count` on get zeros.
 * Shapes: rowPtr: u32 x (nrows + 1); colIdx: u16 or u32 (idxBytes); values: f32 x nnz, or x 1 when valueStep is 0.
 */
export function loadCsr(
  tile: usize,
  lanes: i32,
  ncols: u32,
  rowList: usize,
  count: i32,
  rowPtr: usize,
  colIdx: usize,
  idxBytes: i32,
  values: usize,
  valueStep: usize,
): void {
  const step = (<usize>lanes) << 2;
  memory.fill(tile, 0, <usize>ncols * step);
  for (let r = 0; r < count; r++) {
    const row = rowPtr + ((<usize>load<u32>(rowList + ((<usize>r) << 2))) << 2);
    const end = load<u32>(row, 4);
    const lane = tile + ((<usize>r) << 2);
    for (let p = load<u32>(row); p < end; p++) {
      const k =
        idxBytes == 2 ? <usize>load<u16>(colIdx + ((<usize>p) << 1)) : <usize>load<u32>(colIdx + ((<usize>p) << 2));
      store<f32>(lane + k * step, load<f32>(values + <usize>p * valueStep));
    }
  }
}

/** Neurons handled together when rows are turned: their lines of a 32-row tile are 8 KiB and stay in L1. */
const BLOCK: usize = 64;

/** Fills a tile from dense rows: lane r gets the ncols values at address load<u32>(addresses + 4 r), the rest zeros. */
export function loadRows(tile: usize, lanes: i32, ncols: u32, addresses: usize, count: i32): void {
  const step = <usize>lanes << 2;
  const width = <usize>ncols;
  if (count < lanes) memory.fill(tile, 0, width * step);
  const fours = count & ~3;
  for (let k0: usize = 0; k0 < width; k0 += BLOCK) {
    const k1 = min(k0 + BLOCK, width);
    for (let r = 0; r < fours; r += 4) loadFour(tile + (<usize>r << 2), step, addresses + (<usize>r << 2), k0, k1);
    for (let r = fours; r < count; r++) {
      const row = <usize>load<u32>(addresses + (<usize>r << 2));
      const lane = tile + (<usize>r << 2);
      for (let k = k0; k < k1; k++) store<f32>(lane + k * step, load<f32>(row + (k << 2)));
    }
  }
}

/** Neurons k0 .. k1-1 of four rows to four neighbouring lanes: 4 x 4 values at a time through registers. */
// @ts-ignore: decorator
@inline function loadFour(lane: usize, step: usize, addresses: usize, k0: usize, k1: usize): void {
  const a = <usize>load<u32>(addresses, 0);
  const b = <usize>load<u32>(addresses, 4);
  const c = <usize>load<u32>(addresses, 8);
  const d = <usize>load<u32>(addresses, 12);
  let k = k0;
  for (; k + 4 <= k1; k += 4) {
    const va = v128.load(a + (k << 2));
    const vb = v128.load(b + (k << 2));
    const vc = v128.load(c + (k << 2));
    const vd = v128.load(d + (k << 2));
    const abLow = v128.shuffle<i32>(va, vb, 0, 4, 1, 5);
    const abHigh = v128.shuffle<i32>(va, vb, 2, 6, 3, 7);
    const cdLow = v128.shuffle<i32>(vc, vd, 0, 4, 1, 5);
    const cdHigh = v128.shuffle<i32>(vc, vd, 2, 6, 3, 7);
    v128.store(lane + k * step, v128.shuffle<i64>(abLow, cdLow, 0, 2));
    v128.store(lane + (k + 1) * step, v128.shuffle<i64>(abLow, cdLow, 1, 3));
    v128.store(lane + (k + 2) * step, v128.shuffle<i64>(abHigh, cdHigh, 0, 2));
    v128.store(lane + (k + 3) * step, v128.shuffle<i64>(abHigh, cdHigh, 1, 3));
  }
  for (; k < k1; k++) {
    store<f32>(lane + k * step, load<f32>(a + (k << 2)), 0);
    store<f32>(lane + k * step, load<f32>(b + (k << 2)), 4);
    store<f32>(lane + k * step, load<f32>(c + (k << 2)), 8);
    store<f32>(lane + k * step, load<f32>(d + (k << 2)), 12);
  }
}

/**
 * Copies the rows of a tile to dense rows: lane r to the ncols f32 at address load<u32>(addresses + 4 r), for r below
 * `count`. Rows nobody wants may all go to one address that is written and never read; four neighbouring lanes that
 * all go there are left out.
 */
export function storeRows(tile: usize, lanes: i32, ncols: u32, addresses: usize, count: i32, unwanted: usize): void {
  const step = <usize>lanes << 2;
  const width = <usize>ncols;
  const fours = count & ~3;
  for (let k0: usize = 0; k0 < width; k0 += BLOCK) {
    const k1 = min(k0 + BLOCK, width);
    for (let r = 0; r < fours; r += 4) {
      storeFour(tile + (<usize>r << 2), step, addresses + (<usize>r << 2), k0, k1, unwanted);
    }
    for (let r = fours; r < count; r++) {
      const row = <usize>load<u32>(addresses + (<usize>r << 2));
      const lane = tile + (<usize>r << 2);
      if (row == unwanted) continue;
      for (let k = k0; k < k1; k++) store<f32>(row + (k << 2), load<f32>(lane + k * step));
    }
  }
}

// @ts-ignore: decorator
@inline function storeFour(lane: usize, step: usize, addresses: usize, k0: usize, k1: usize, unwanted: usize): void {
  const a = <usize>load<u32>(addresses, 0);
  const b = <usize>load<u32>(addresses, 4);
  const c = <usize>load<u32>(addresses, 8);
  const d = <usize>load<u32>(addresses, 12);
  if (a == unwanted && b == unwanted && c == unwanted && d == unwanted) return;
  let k = k0;
  for (; k + 4 <= k1; k += 4) {
    const v0 = v128.load(lane + k * step);
    const v1 = v128.load(lane + (k + 1) * step);
    const v2 = v128.load(lane + (k + 2) * step);
    const v3 = v128.load(lane + (k + 3) * step);
    const low01 = v128.shuffle<i32>(v0, v1, 0, 4, 1, 5);
    const high01 = v128.shuffle<i32>(v0, v1, 2, 6, 3, 7);
    const low23 = v128.shuffle<i32>(v2, v3, 0, 4, 1, 5);
    const high23 = v128.shuffle<i32>(v2, v3, 2, 6, 3, 7);
    v128.store(a + (k << 2), v128.shuffle<i64>(low01, low23, 0, 2));
    v128.store(b + (k << 2), v128.shuffle<i64>(low01, low23, 1, 3));
    v128.store(c + (k << 2), v128.shuffle<i64>(high01, high23, 0, 2));
    v128.store(d + (k << 2), v128.shuffle<i64>(high01, high23, 1, 3));
  }
  for (; k < k1; k++) {
    store<f32>(a + (k << 2), load<f32>(lane + k * step, 0));
    store<f32>(b + (k << 2), load<f32>(lane + k * step, 4));
    store<f32>(c + (k << 2), load<f32>(lane + k * step, 8));
    store<f32>(d + (k << 2), load<f32>(lane + k * step, 12));
  }
}
