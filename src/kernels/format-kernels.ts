// The interface of the format kernels: activations x weights over every pair of FORMAT_PAIRS, on records in one memory.
// They are for study: the tiled dense x CSC path (kernels.ts) is the fast one. Nothing is allocated or checked inside.
//
// How a worker uses them. Records and arrays are placed once by format-records.ts: the weights of every layer
// (placeWeights, placeRule), two activation matrices that swap roles from layer to layer (placeActivations), and one
// task with its scratch a worker (placeTask). Then, for one batch:
//
//   resetActivations(...); loadMatrix(input, rowList, ...)         once; one worker
//   for each layer:
//     setTask(task, layer, input, output, part, columns, ...)      each worker, its own task
//     cut(weights, firstColumn, cutBegin), cut(weights, endColumn, cutEnd)
//                                                                  weights by rows, parts only; keep the result a layer
//     join(task)                                                   when the pair needs it (needsJoin); each worker
//     symbolic(task)                                               sparse activations only; returns entries at most
//       [barrier]                                                  place of a part = sum of the counts of the parts before
//     setPlace(task, place); numeric(task)                         writes at most that many entries from `place` on
//       [barrier]
//     seal(tasks, parts)                                           one worker (dense: nothing to do)
//       [barrier]
//     if seal returned 1: relabel(task); [barrier]                 triply compressed only
//     softmaxMatrix(output, firstRow, endRow); [barrier]           last layer, where the rule has it; rows may be split
//     swap input and output
//   liveRows(input, ...), storeMatrix(input, ...)                  the results
//
// Between two layers one worker may thin the batch: hashRows(input, ...) proposes equal rows, compareRows(input, ...) decides,
// keepRows(input, ...) lets rows leave; the next result is then reset to the rows that are left.
//
// Alone (data parallelism: own rows, all columns, part 0 of 1) the same calls without barriers. The first barrier may be
// left out when parts have places of their own from the start, each large enough (rows x columns of the part are).
// For dense, CSC and CSR results seal only notes the number of parts, so a caller that does so itself saves its barrier.
//
// Splitting columns. By columns each part writes its own columns of the result. By rows each part writes, for every row of the
// batch, the entries of its columns: begins and ends are kept for each part and row, so that the pieces of a row are read
// in rising order of columns and nothing is copied together.
//
// Exactness: each sum runs over the inner index in rising order, one product and one addition in f32 a step, for every pair:
// activations are the same to the last bit whatever the formats, the split and the batch, within one kernel set; the sets
// differ only in exp and tanh. (The tiled kernels scale uniform weights after the sum: their bits differ there.)
//
// What is stored: entries whose activation is not exactly zero. `symbolic` counts exactly the entries that Z = Y W has a
// product for, and those that bias and activation fill without one; `numeric` stores fewer where activations are zero.
// Softmax: every entry is stored, whatever its value.

export interface FormatKernels {
  /** Fills the task's map of inner indices; nothing when it has none. */
  join(task: number): void;
  /** cut[s] = first entry of slot s of weights by rows with column >= j; u32 x slots. */
  cut(weights: number, j: number, target: number): void;
  /** Entries of each column (by rows: of each row) of the part at most, u32 in COUNTS; returns their sum. Dense: rows x columns. */
  symbolic(task: number): number;
  /** Computes the part and returns how many entries it stored. */
  numeric(task: number): number;
  /** Joins the parts (u32 x count task addresses, rising columns); 1 when every part must be relabelled. */
  seal(tasks: number, count: number): number;
  /** Renumbers the minor indices of one part. */
  relabel(task: number): void;
  /** Softmax of rows firstRow .. endRow-1, in place. */
  softmaxMatrix(matrix: number, firstRow: number, endRow: number): void;
  /** Fills a matrix with the rows of a CSR matrix listed at rowList (u32 x nrows of the record). */
  loadMatrix(
    matrix: number,
    rowList: number,
    rowPtr: number,
    colIdx: number,
    colIdxBytes: number,
    values: number,
    valueStep: number,
  ): void;
  /** Writes a matrix as dense rows, row i at out + i rowStep. */
  storeMatrix(matrix: number, out: number, rowStep: number): void;
  /** u8 x nrows: 1 for rows that are not all zero; returns how many. */
  liveRows(matrix: number, flags: number): number;
  /** u32 x nrows: a hash of each row's values other than zero, the same for rows with the same bits. */
  hashRows(matrix: number, hashes: number): void;
  /** Sets twins[i] = i (u32 x nrows) for rows that differ in a bit from row twins[i]. Scratch: u32 x nrows. */
  compareRows(matrix: number, twins: number, scratch: number): void;
  /** Keeps the rows listed at `rows` (u32 x count, rising), in their order; the others leave. Scratch: u32 x nrows. */
  keepRows(matrix: number, rows: number, count: number, scratch: number): void;
}
