// Whether what was read straight into memory, a layer or rows of inputs, is what the other kernels can take: they check nothing.

const EXPONENT: i32 = 0x7f800000;

/** True when every one of `n` f32 is finite. */
export function areFinite(values: usize, n: usize): bool {
  const end = values + (n << 2);
  let bad = i32x4.splat(0);
  let at = values;
  for (; at + 16 <= end; at += 16) {
    const exponents = v128.and(v128.load(at), i32x4.splat(EXPONENT));
    bad = v128.or(bad, i32x4.eq(exponents, i32x4.splat(EXPONENT)));
  }
  for (; at < end; at += 4) if ((load<i32>(at) & EXPONENT) == EXPONENT) return false;
  return !v128.any_true(bad);
}

/** Places p with index p >= index p + 1, for u16. */
function countDescents16(rowIdx: usize, nnz: u32): u32 {
  if (nnz < 2) return 0;
  let count: u32 = 0;
  let p: u32 = 0;
  const end = nnz - 1;
  while (p + 8 <= end) {
    // A lane of 16 bits holds the counts of so many vectors.
    const stop = min(end - 7, p + 8 * 0x7fff);
    let sums = i16x8.splat(0);
    for (; p < stop; p += 8) {
      const at = rowIdx + (<usize>p << 1);
      sums = i16x8.sub(sums, i16x8.ge_u(v128.load(at), v128.load(at, 2)));
    }
    const pairs = i32x4.extadd_pairwise_i16x8_u(sums);
    count += i32x4.extract_lane(pairs, 0) + i32x4.extract_lane(pairs, 1);
    count += i32x4.extract_lane(pairs, 2) + i32x4.extract_lane(pairs, 3);
  }
  for (; p < end; p++) {
    const at = rowIdx + (<usize>p << 1);
    if (load<u16>(at) >= load<u16>(at, 2)) count++;
  }
  return count;
}

/** The same for u32. */
function countDescents32(rowIdx: usize, nnz: u32): u32 {
  if (nnz < 2) return 0;
  let sums = i32x4.splat(0);
  let p: u32 = 0;
  const end = nnz - 1;
  for (; p + 4 <= end; p += 4) {
    const at = rowIdx + (<usize>p << 2);
    sums = i32x4.sub(sums, i32x4.ge_u(v128.load(at), v128.load(at, 4)));
  }
  let count: u32 = i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1);
  count += i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3);
  for (; p < end; p++) {
    const at = rowIdx + (<usize>p << 2);
    if (load<u32>(at) >= load<u32>(at, 4)) count++;
  }
  return count;
}

// @ts-ignore: decorator
@inline function indexAt(rowIdx: usize, idxBytes: i32, p: u32): u32 {
  return idxBytes == 2 ? <u32>load<u16>(rowIdx + (<usize>p << 1)) : load<u32>(rowIdx + (<usize>p << 2));
}

/**
 * True when the pointers of `slices` slices at `ptr` (u32 x (slices + 1)) rise from `begin` to `end` and the indices of every
 * slice rise and are below `minor`; that of entry p lies at idx + p idxBytes. Indices rise in every slice when they
 * fall nowhere but between two slices. Cost: O(end - begin). Scratch: none.
 */
export function areSlicesSound(
  ptr: usize, slices: u32, begin: u32, end: u32, idx: usize, idxBytes: i32, minor: u32,
): bool {
  if (load<u32>(ptr) != begin) return false;
  let between: u32 = 0;
  let from = begin;
  for (let j: u32 = 0; j < slices; j++) {
    const to = load<u32>(ptr + (<usize>j << 2), 4);
    if (to < from || to > end) return false;
    if (to > from) {
      const last = indexAt(idx, idxBytes, to - 1);
      if (last >= minor) return false;
      if (to < end && last >= indexAt(idx, idxBytes, to)) between++;
    }
    from = to;
  }
  if (from != end) return false;
  const own = idx + <usize>begin * <usize>idxBytes;
  return (idxBytes == 2 ? countDescents16(own, end - begin) : countDescents32(own, end - begin)) == between;
}
