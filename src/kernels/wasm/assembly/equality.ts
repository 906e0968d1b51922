// Equal rows: a 32-bit hash to find candidates, and the full comparison that decides. Rows are equal bit by bit.

const PRIME_A: i32 = <i32>0x9e3779b1;
const PRIME_B: i32 = <i32>0x85ebca77;

// @ts-ignore: decorator
@inline function mix(h: u32): u32 {
  h = (h ^ (h >> 16)) * 0x7feb352d;
  h = (h ^ (h >> 15)) * 0x846ca68b;
  return h ^ (h >> 16);
}

// @ts-ignore: decorator
@inline function step(h: v128, words: v128): v128 {
  return i32x4.mul(v128.xor(i32x4.add(h, i32x4.shr_u(h, 15)), words), i32x4.splat(PRIME_A));
}

/** Hash of `bytes` bytes, any alignment: eight vectors of chains, so that the multiplications overlap. */
function hashBytes(start: usize, bytes: usize): u32 {
  let h0 = i32x4.splat(PRIME_B);
  let h1 = h0;
  let h2 = h0;
  let h3 = h0;
  let h4 = h0;
  let h5 = h0;
  let h6 = h0;
  let h7 = h0;
  const end = start + bytes;
  let at = start;
  for (; at + 128 <= end; at += 128) {
    h0 = step(h0, v128.load(at, 0));
    h1 = step(h1, v128.load(at, 16));
    h2 = step(h2, v128.load(at, 32));
    h3 = step(h3, v128.load(at, 48));
    h4 = step(h4, v128.load(at, 64));
    h5 = step(h5, v128.load(at, 80));
    h6 = step(h6, v128.load(at, 96));
    h7 = step(h7, v128.load(at, 112));
  }
  for (; at + 16 <= end; at += 16) h0 = step(h0, v128.load(at));
  const h = step(step(step(h0, h1), step(h2, h3)), step(step(h4, h5), step(h6, h7)));
  let hash = <u32>bytes;
  for (; at + 4 <= end; at += 4) hash = mix(hash ^ load<u32>(at));
  for (; at < end; at++) hash = mix(hash ^ <u32>load<u8>(at));
  hash = mix(hash ^ <u32>i32x4.extract_lane(h, 0));
  hash = mix(hash ^ <u32>i32x4.extract_lane(h, 1));
  hash = mix(hash ^ <u32>i32x4.extract_lane(h, 2));
  return mix(hash ^ <u32>i32x4.extract_lane(h, 3));
}

/** Hash of n contiguous 32-bit words. */
export function hashRow(row: usize, n: u32): u32 {
  return hashBytes(row, <usize>n << 2);
}

/** Hash of entries begin .. end-1 of a CSR matrix: column indices, and values when valueStep is not 0. */
export function hashCsrRow(begin: u32, end: u32, colIdx: usize, idxBytes: usize, values: usize, valueStep: usize): u32 {
  const nnz = <usize>(end - begin);
  const hash = hashBytes(colIdx + <usize>begin * idxBytes, nnz * idxBytes);
  if (valueStep == 0) return hash;
  return mix(hash ^ (hashBytes(values + <usize>begin * valueStep, nnz * valueStep) + <u32>PRIME_A));
}

/** True when the `bytes` bytes at a and at b are the same. */
export function rowsEqual(a: usize, b: usize, bytes: usize): bool {
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    if (v128.any_true(v128.xor(v128.load(a + at), v128.load(b + at)))) return false;
  }
  for (; at < bytes; at++) if (load<u8>(a + at) != load<u8>(b + at)) return false;
  return true;
}
