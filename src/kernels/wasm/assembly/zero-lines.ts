// Lines of a wide tile that are zero in all of its rows add nothing: +0 and -0 change no sum that began at +0, to the bit.
// A run of equal columns looks at its lines once, and all of its columns pass over those of zeros. Early layers have many:
// half of the lines of 32 images. Equal weights only, since zero times an infinite weight is not zero.

/** Entries that a mask holds. */
export const MASK_BITS: u32 = 64;
/** A look costs about what a column does, so fewer columns than this do not look. */
export const MIN_COLUMNS: u32 = 4;
/** Runs that do not look after one in which too few lines were zero. */
export const RUNS_BETWEEN_LOOKS: i32 = 15;

/** Passing pays when fewer than five lines in eight are live: where all are added, entries are read four at a time. */
// @ts-ignore: decorator
@inline export function isWorthPassing(mask: u64, count: u32): bool {
  return (<u32>popcnt<u64>(mask)) << 3 < count * 5;
}

/** Bit k is set when the line of entry k, is not all zero. Lines are 64 or 128 bytes: 2^lineShift. Requires: count <= MASK_BITS. */
export function liveEntries<I>(rowIdx: usize, count: u32, input: usize, lineShift: u32): u64 {
  let mask: u64 = 0;
  for (let k: u32 = 0; k < count; k++) {
    const line = input + (<usize>load<I>(rowIdx + <usize>k * sizeof<I>()) << lineShift);
    let seen = v128.or(v128.or(v128.load(line), v128.load(line, 16)), v128.or(v128.load(line, 32), v128.load(line, 48)));
    if (lineShift == 7) {
      const more = v128.or(v128.or(v128.load(line, 64), v128.load(line, 80)), v128.or(v128.load(line, 96), v128.load(line, 112)));
      seen = v128.or(seen, more);
    }
    mask |= (<u64>v128.any_true(seen)) << k;
  }
  return mask;
}
