// The lines that a run of equal columns reads, listed once by their addresses: all columns of the run then go by the list.
// Lines of a wide tile that are zero in all of its rows may be left out: +0 and -0 change no sum that began at +0, to the
// bit. Early layers have many: half of the lines of 32 images. Equal weights only, since zero times an infinite weight is
// not zero.

/** After a look that left out less than an eighth, as many runs do without one: looking costs about what a column does. */
export const RUNS_BETWEEN_LOOKS: i32 = 15;

/** Whether a look paid. */
// @ts-ignore: decorator
@inline export function hasPaid(listed: usize, count: u32): bool {
  return (<u32>listed << 1) < count * 7;
}

// @ts-ignore: decorator
@inline function lineAt(rowIdx: usize, idxBytes: i32, p: u32, input: usize, lineShift: u32): usize {
  const k = idxBytes == 2 ? <usize>load<u16>(rowIdx + (<usize>p << 1)) : <usize>load<u32>(rowIdx + (<usize>p << 2));
  return input + (k << lineShift);
}

/** Lists the lines of entries first .. end-1 at `list`, u32 each. Lines are 2^lineShift bytes. @returns where the list ends */
export function listLines(
  rowIdx: usize, idxBytes: i32, first: u32, end: u32, input: usize, lineShift: u32, list: usize,
): usize {
  for (let p = first; p < end; p++, list += 4) store<u32>(list, <u32>lineAt(rowIdx, idxBytes, p, input, lineShift));
  return list;
}

/** The same without lines of zeros. Lines are of 64 or 128 bytes. */
export function listLiveLines(
  rowIdx: usize, idxBytes: i32, first: u32, end: u32, input: usize, lineShift: u32, list: usize,
): usize {
  for (let p = first; p < end; p++) {
    const line = lineAt(rowIdx, idxBytes, p, input, lineShift);
    let seen = v128.or(v128.or(v128.load(line), v128.load(line, 16)), v128.or(v128.load(line, 32), v128.load(line, 48)));
    if (lineShift == 7) {
      const more = v128.or(v128.or(v128.load(line, 64), v128.load(line, 80)), v128.or(v128.load(line, 96), v128.load(line, 112)));
      seen = v128.or(seen, more);
    }
    store<u32>(list, <u32>line);
    list += <usize>v128.any_true(seen) << 2;
  }
  return list;
}
