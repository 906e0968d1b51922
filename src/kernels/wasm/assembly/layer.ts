// Layout of a layer descriptor in memory: 32-bit fields, little-endian, written by kernels/layer-record.ts.
// Keep both in step: the test of layer-record.ts compares every field.

export const NROWS: usize = 0;
export const NCOLS: usize = 4;
/** u32 x (ncols + 1), 4-byte aligned: stored entries before each column. */
export const COL_PTR: usize = 8;
/** u16 or u32 x nnz. */
export const ROW_IDX: usize = 12;
export const IDX_BYTES: usize = 16;
/** WEIGHTS_*: how the values are stored. */
export const WEIGHTS: usize = 20;
/** general: f32 x nnz; codebook: u8 x nnz. */
export const VALUES: usize = 24;
/** codebook: f32 x 256. */
export const CODEBOOK: usize = 28;
/** uniform: the one f32. */
export const UNIFORM_VALUE: usize = 32;
/** f32 x 1 or ncols. */
export const BIAS: usize = 36;
/** 0 for one bias, 4 for one a neuron. */
export const BIAS_STEP: usize = 40;
/** -1: the bias is added everywhere; 0: where Z is not zero. */
export const BIAS_EVERYWHERE: usize = 44;
/** Every sum is clipped to these f32 bounds; infinite ones for no clip. */
export const LOW: usize = 48;
export const HIGH: usize = 52;
/** SECOND_PASS_*: what `activate` or `softmax` does to the stored sums. */
export const SECOND_PASS: usize = 56;
/** leaky ReLU: the f32 slope. */
export const SLOPE: usize = 60;
/** u32 x ncols: where the entries of each column begin; their number is a difference of COL_PTR. */
export const COL_START: usize = 64;
/** u32 x ncols: the order in which wide tiles take the columns; 0 for their own. */
export const COLUMN_ORDER: usize = 68;
/** u32 x 3 a run of columns in that order that share their entries: first entry, end entry, end of the run. */
export const COLUMN_RUNS: usize = 72;
/** 1: wide tiles list the lines of each run once (line-list.ts); 0: every column goes by its own indices. */
export const IS_LISTED: usize = 76;
// Of a layer that lies by rows (push.ts) three fields have another meaning:
/** u32 x (nrows + 1): stored entries before each row. */
export const ROW_PTR: usize = COL_PTR;
/** u16 or u32 x nnz. */
export const COL_IDX: usize = ROW_IDX;
/** Entries of every row where all have as many, so that no row pointer need be read; else 0. */
export const ROW_LENGTH: usize = COL_START;
/** Bytes of a descriptor. */
export const LAYER_BYTES: usize = 80;

export const WEIGHTS_UNIFORM: i32 = 0;
export const WEIGHTS_CODEBOOK: i32 = 1;
export const WEIGHTS_GENERAL: i32 = 2;

export const SECOND_PASS_NONE: i32 = 0;
export const SECOND_PASS_LEAKY: i32 = 1;
export const SECOND_PASS_SIGMOID: i32 = 2;
export const SECOND_PASS_TANH: i32 = 3;
export const SECOND_PASS_SOFTMAX: i32 = 4;
