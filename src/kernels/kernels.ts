// The interface that every kernel set meets: functions on addresses in one memory, nothing returned but small numbers,
// nothing allocated, nothing checked. Addresses are byte offsets below 4 GiB; arrays of f32 and u32 are 4-byte aligned,
// tiles 16-byte aligned. A tile holds `lanes` rows neuron-major: neuron k is `lanes` consecutive f32 at 4 k lanes.

/** Widths of tiles that every kernel set computes. */
export const TILE_LANES = [1, 4, 16, 32] as const;
export type TileLanes = (typeof TILE_LANES)[number];

export interface Kernels {
  /**
   * A piece of one layer on a tile: out = clip(Y W + b). Of a layer that is not listed, and on tiles below 16 rows, it is
   * columns firstColumn .. endColumn-1; of a listed layer those at these places of its order, so that whoever computes
   * a part of it reads few lines. All columns are computed by pieces that cover 0 .. ncols.
   * Shapes: nrows x lanes f32 at `input`, ncols x lanes f32 at `out`, LIST_ENTRIES u32 of scratch at `list`, all apart.
   * Exactness: each sum runs in the stored order of its column, whatever the width of the tile. With `passZeros` a kernel
   * may pass over neurons that are zero in all rows of the tile, which changes no bit; without, it computes every edge.
   */
  spmm(
    layer: number,
    lanes: number,
    out: number,
    input: number,
    firstColumn: number,
    endColumn: number,
    list: number,
    passZeros: boolean,
  ): void;
  /** The layer's second pass (leaky ReLU, sigmoid, tanh), in place, on columns firstColumn .. endColumn-1 of one tile. */
  activate(layer: number, lanes: number, tile: number, firstColumn: number, endColumn: number): void;
  /** Softmax of each row of a tile, in place. */
  softmax(layer: number, lanes: number, tile: number): void;
  /** Bit r (of a signed 32-bit number) is set when row r of the tile is not all zero. */
  liveMask(tile: number, lanes: number, ncols: number): number;
  /** Fills a tile with the rows of a CSR matrix that are listed at rowList (u32 x count); other lanes get zeros. */
  loadCsr(
    tile: number,
    lanes: number,
    ncols: number,
    rowList: number,
    count: number,
    rowPtr: number,
    colIdx: number,
    idxBytes: number,
    values: number,
    valueStep: number,
  ): void;
  /** The same for rows whose indices rise: the list is followed by `count` u32 of scratch. */
  loadSortedCsr: Kernels["loadCsr"];
  /**
   * The first layer without a tile of inputs: the first `count` lanes of the tile `out` get clip(y W + b) of the CSR rows
   * listed at rowList, the others what a row of zeros becomes. The layer lies by rows (layer-by-rows.ts). Bits are those of
   * `spmm` on the same rows, where indices rise in every row.
   * Shapes: inputs as for loadCsr, ncols x lanes f32 at `out`, 4 ncols f32 of scratch at `sums`. Returns products added.
   */
  pushCsr(
    layer: number,
    out: number,
    lanes: number,
    rowList: number,
    count: number,
    rowPtr: number,
    colIdx: number,
    idxBytes: number,
    values: number,
    valueStep: number,
    sums: number,
  ): number;
  /**
   * Fills a tile from lanes of other tiles, listed at `sources` (2 u32 x lanes: the address of the lane's first f32, and
   * bytes from neuron to neuron; 0 and 0 for a lane of zeros). The tile must not overlap a source.
   */
  packLanes(tile: number, lanes: number, ncols: number, sources: number): void;
  /** Fills a tile with dense rows whose addresses are listed at `addresses` (u32 x count); other lanes get zeros. */
  loadRows(tile: number, lanes: number, ncols: number, addresses: number, count: number): void;
  /**
   * Copies the first `count` rows of a tile to the addresses listed at `addresses` (u32 x count), ncols f32 each. Rows
   * that nobody wants go to the address `unwanted`, which is written and never read, or nowhere.
   */
  storeRows(tile: number, lanes: number, ncols: number, addresses: number, count: number, unwanted: number): void;
  /** Copies the lines (neurons) listed at `list` (u32 x count) of a tile to `out`, one after the other; no overlap. */
  gatherLines(out: number, tile: number, lanes: number, list: number, count: number): void;
  /** Copies `bytes` bytes from `from` to `out`; the two may overlap. */
  copyBytes(out: number, from: number, bytes: number): void;
  /** 32-bit hash (signed) of n contiguous words. */
  hashRow(row: number, n: number): number;
  /** 32-bit hash (signed) of entries begin .. end-1 of a CSR row. */
  hashCsrRow(begin: number, end: number, colIdx: number, idxBytes: number, values: number, valueStep: number): number;
  /** 1 when two byte ranges hold the same bytes, else 0. */
  rowsEqual(a: number, b: number, bytes: number): number;
  /**
   * 1 when slices of a compressed matrix (columns of a layer, rows of inputs) can be taken without another look: the pointers
   * at `ptr` (u32 x (slices + 1)) rise from `begin` to `end`, the indices of every slice rise and are below `minor`; else 0.
   * The index of entry p lies at idx + p idxBytes. Nothing outside of entries begin .. end-1 is read.
   */
  areSlicesSound(
    ptr: number,
    slices: number,
    begin: number,
    end: number,
    idx: number,
    idxBytes: number,
    minor: number,
  ): number;
  /** 1 when all of n f32 are finite, else 0. */
  areFinite(values: number, n: number): number;
}
