// Lanes of tiles moved into a narrower tile, and sorted sparse rows into a tile larger than the caches: both go block by
// block of neurons, so that the lines they touch stay in a cache.

/** Neurons of a block of packLanes: 64 lines of 32 rows are 8 KiB, of which each of eight groups of lanes takes its part. */
const PACK_BLOCK: usize = 64;
/** Neurons of a block of loadSortedCsr: 1024 lines of 32 rows are 128 KiB. */
const LOAD_BLOCK: usize = 1024;

/**
 * Fills a tile from lanes of other tiles: lane r from the lane whose first f32 is at load<u32>(sources + 8 r) and whose
 * neurons are load<u32>(sources + 8 r + 4) bytes apart. A lane of zeros: address 0, 0 bytes apart, where zeros lie.
 * Shapes: sources: 2 u32 x lanes; out: ncols x lanes f32, apart from every source.
 */
export function packLanes(out: usize, lanes: i32, ncols: u32, sources: usize): void {
  const step = <usize>lanes << 2;
  const width = <usize>ncols;
  if (lanes < 4) {
    const from = <usize>load<u32>(sources);
    const apart = <usize>load<u32>(sources, 4);
    for (let k: usize = 0; k < width; k++) store<f32>(out + (k << 2), load<f32>(from + k * apart));
    return;
  }
  for (let k0: usize = 0; k0 < width; k0 += PACK_BLOCK) {
    const k1 = min(k0 + PACK_BLOCK, width);
    for (let r = 0; r < lanes; r += 4) {
      const list = sources + (<usize>r << 3);
      const stepA = <usize>load<u32>(list, 4);
      const stepB = <usize>load<u32>(list, 12);
      const stepC = <usize>load<u32>(list, 20);
      const stepD = <usize>load<u32>(list, 28);
      let a = <usize>load<u32>(list) + k0 * stepA;
      let b = <usize>load<u32>(list, 8) + k0 * stepB;
      let c = <usize>load<u32>(list, 16) + k0 * stepC;
      let d = <usize>load<u32>(list, 24) + k0 * stepD;
      const end = out + k1 * step + (<usize>r << 2);
      for (let to = out + k0 * step + (<usize>r << 2); to < end; to += step) {
        let line = v128.load32_zero(a);
        line = v128.load_lane<f32>(b, line, 1);
        line = v128.load_lane<f32>(c, line, 2);
        line = v128.load_lane<f32>(d, line, 3);
        v128.store(to, line);
        a += stepA;
        b += stepB;
        c += stepC;
        d += stepD;
      }
    }
  }
}

/**
 * As loadCsr, for rows whose indices rise. `rowList` is followed by `count` words of scratch: how far each row has come.
 */
export function loadSortedCsr(
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
  const step = <usize>lanes << 2;
  const places = rowList + (<usize>count << 2);
  for (let r = 0; r < count; r++) {
    const row = <usize>load<u32>(rowList + (<usize>r << 2));
    store<u32>(places + (<usize>r << 2), load<u32>(rowPtr + (row << 2)));
  }
  for (let k0: u32 = 0; k0 < ncols; k0 += <u32>LOAD_BLOCK) {
    const k1 = min(k0 + <u32>LOAD_BLOCK, ncols);
    memory.fill(tile + <usize>k0 * step, 0, <usize>(k1 - k0) * step);
    for (let r = 0; r < count; r++) {
      const row = <usize>load<u32>(rowList + (<usize>r << 2));
      const end = load<u32>(rowPtr + (row << 2), 4);
      const lane = tile + (<usize>r << 2);
      let p = load<u32>(places + (<usize>r << 2));
      for (; p < end; p++) {
        const k: u32 =
          idxBytes == 2 ? <u32>load<u16>(colIdx + (<usize>p << 1)) : load<u32>(colIdx + (<usize>p << 2));
        if (k >= k1) break;
        store<f32>(lane + <usize>k * step, load<f32>(values + <usize>p * valueStep));
      }
      store<u32>(places + (<usize>r << 2), p);
    }
  }
}
