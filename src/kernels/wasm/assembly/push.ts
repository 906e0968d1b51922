// The first layer by rows of W: each entry of a sparse input row is added, times its weights, to the sums of the neurons
// that read it. What is not there costs nothing, so sparse rows are pushed in less time than a tile is filled and read.

import {
  BIAS_EVERYWHERE, COL_IDX, HIGH, IDX_BYTES, LOW, NCOLS, ROW_LENGTH, ROW_PTR, UNIFORM_VALUE, VALUES, WEIGHTS,
  WEIGHTS_UNIFORM,
} from "./layer";
import {
  accumulate, biasOf, finish, Fused, index0, index1, indexAt, Nothing, Separate, weight0, weight1, weightAt,
} from "./spmm-sums";

// The loops are compiled for each type J of the inputs' indices, I of the layer's, and weights as in spmm-sums.ts.

/** Adds w y to the sum of neuron `target` at `sums`. */
// @ts-ignore: decorator
@inline function addTo<V, F>(sums: usize, target: usize, w: v128, y: v128): void {
  const at = sums + (target << 2);
  v128.store_lane<f32>(at, accumulate<V, F>(v128.load_zero<f32>(at), w, y), 0);
}

/** A row of `count` entries, where two neurons read each input; `inputs` and `values` are addresses of its own. */
function pushPairs<I, J, V, F>(
  layer: usize, sums: usize, count: u32, inputs: usize, values: usize, valueStep: usize,
): void {
  const targets = load<usize>(layer, COL_IDX);
  const weights = load<usize>(layer, VALUES);
  for (const end = inputs + <usize>count * sizeof<J>(); inputs < end; inputs += sizeof<J>()) {
    const q = <u32>load<J>(inputs) << 1;
    const y = v128.load_zero<f32>(values);
    const target = indexAt<I>(targets, q);
    const weight = weightAt<V>(weights, q);
    addTo<V, F>(sums, index0<I>(target), weight0<V>(weight, 0), y);
    addTo<V, F>(sums, index1<I>(target), weight1<V>(weight, 0), y);
    values += valueStep;
  }
}

/** The same where any number of neurons do. @returns products added */
function pushEntries<I, J, V, F>(
  layer: usize, sums: usize, count: u32, inputs: usize, values: usize, valueStep: usize,
): f64 {
  const rowPtr = load<usize>(layer, ROW_PTR);
  const targets = load<usize>(layer, COL_IDX);
  const weights = load<usize>(layer, VALUES);
  let products: u64 = 0;
  for (const end = inputs + <usize>count * sizeof<J>(); inputs < end; inputs += sizeof<J>()) {
    const row = rowPtr + (<usize>load<J>(inputs) << 2);
    const y = v128.load_zero<f32>(values);
    const last = load<u32>(row, 4);
    let q = load<u32>(row);
    products += last - q;
    for (; q < last; q++) {
      addTo<V, F>(sums, index0<I>(indexAt<I>(targets, q)), weight0<V>(weightAt<V>(weights, q), 0), y);
    }
    values += valueStep;
  }
  return <f64>products;
}

function pushRow<I, J, V, F>(
  layer: usize, sums: usize, count: u32, inputs: usize, values: usize, valueStep: usize,
): f64 {
  if (load<u32>(layer, ROW_LENGTH) != 2) return pushEntries<I, J, V, F>(layer, sums, count, inputs, values, valueStep);
  pushPairs<I, J, V, F>(layer, sums, count, inputs, values, valueStep);
  return 2.0 * count;
}

function pushWeighted<I, J>(
  layer: usize, sums: usize, count: u32, inputs: usize, values: usize, valueStep: usize,
): f64 {
  if (load<i32>(layer, WEIGHTS) == WEIGHTS_UNIFORM) {
    return pushRow<I, J, Nothing, Separate>(layer, sums, count, inputs, values, valueStep);
  }
  if (load<i32>(layer, BIAS_EVERYWHERE) != 0) {
    return pushRow<I, J, f32, Fused>(layer, sums, count, inputs, values, valueStep);
  }
  return pushRow<I, J, f32, Separate>(layer, sums, count, inputs, values, valueStep);
}

function pushIndexed<J>(
  layer: usize, sums: usize, count: u32, inputs: usize, values: usize, valueStep: usize,
): f64 {
  return load<i32>(layer, IDX_BYTES) == 2
    ? pushWeighted<u16, J>(layer, sums, count, inputs, values, valueStep)
    : pushWeighted<u32, J>(layer, sums, count, inputs, values, valueStep);
}

/** Sums of four rows, side by side at `sums`, through the epilogue and into four neighbouring lanes. */
function finishFour<V>(layer: usize, lane: usize, step: usize, sums: usize): void {
  const width = <usize>load<u32>(layer, NCOLS);
  const row = width << 2;
  const scale = v128.load_splat<f32>(layer, UNIFORM_VALUE);
  const everywhere = v128.load_splat<i32>(layer, BIAS_EVERYWHERE);
  const low = v128.load_splat<f32>(layer, LOW);
  const high = v128.load_splat<f32>(layer, HIGH);
  let j: usize = 0;
  for (; j + 4 <= width; j += 4) {
    const at = sums + (j << 2);
    const a = v128.load(at);
    const b = v128.load(at + row);
    const c = v128.load(at + 2 * row);
    const d = v128.load(at + 3 * row);
    const abLow = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
    const abHigh = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
    const cdLow = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
    const cdHigh = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
    const to = lane + j * step;
    const k = <u32>j;
    const z0 = v128.shuffle<i64>(abLow, cdLow, 0, 2);
    const z1 = v128.shuffle<i64>(abLow, cdLow, 1, 3);
    const z2 = v128.shuffle<i64>(abHigh, cdHigh, 0, 2);
    const z3 = v128.shuffle<i64>(abHigh, cdHigh, 1, 3);
    v128.store(to, finish<V>(z0, scale, biasOf(layer, k), everywhere, low, high));
    v128.store(to + step, finish<V>(z1, scale, biasOf(layer, k + 1), everywhere, low, high));
    v128.store(to + 2 * step, finish<V>(z2, scale, biasOf(layer, k + 2), everywhere, low, high));
    v128.store(to + 3 * step, finish<V>(z3, scale, biasOf(layer, k + 3), everywhere, low, high));
  }
  for (; j < width; j++) {
    const at = sums + (j << 2);
    let z = v128.load32_zero(at);
    z = v128.load_lane<f32>(at + row, z, 1);
    z = v128.load_lane<f32>(at + 2 * row, z, 2);
    z = v128.load_lane<f32>(at + 3 * row, z, 3);
    v128.store(lane + j * step, finish<V>(z, scale, biasOf(layer, <u32>j), everywhere, low, high));
  }
}

function finishOne<V>(layer: usize, tile: usize, sums: usize): void {
  const width = <usize>load<u32>(layer, NCOLS);
  const scale = v128.load_splat<f32>(layer, UNIFORM_VALUE);
  const everywhere = v128.load_splat<i32>(layer, BIAS_EVERYWHERE);
  const low = v128.load_splat<f32>(layer, LOW);
  const high = v128.load_splat<f32>(layer, HIGH);
  for (let j: usize = 0; j < width; j++) {
    const z = v128.load_zero<f32>(sums + (j << 2));
    const out = finish<V>(z, scale, biasOf(layer, <u32>j), everywhere, low, high);
    v128.store_lane<f32>(tile + (j << 2), out, 0);
  }
}

/**
 * A tile after a layer that lies by rows: its first `count` lanes get the rows of a CSR matrix that are listed at `rowList`,
 * the others what a row of zeros becomes; four neighbouring lanes at a time.
 * Shapes: inputs as for loadCsr; tile: ncols x lanes f32; `sums`: 4 ncols f32 of scratch. @returns products added
 */
export function pushCsr(
  layer: usize,
  tile: usize,
  lanes: i32,
  rowList: usize,
  count: i32,
  rowPtr: usize,
  colIdx: usize,
  idxBytes: i32,
  values: usize,
  valueStep: usize,
  sums: usize,
): f64 {
  let products: f64 = 0;
  for (let lane = 0; lane < lanes; lane += 4) {
    products += sumRows(
      layer, sums, min(lanes, 4), rowList + (<usize>lane << 2), min(count - lane, 4), rowPtr, colIdx, idxBytes, values,
      valueStep,
    );
    finishLanes(layer, tile + (<usize>lane << 2), lanes, sums);
  }
  return products;
}

/** The sums of `count` rows, and zeros for others of the `lanes`, one after the other at `sums`. @returns products added */
function sumRows(
  layer: usize,
  sums: usize,
  lanes: i32,
  rowList: usize,
  count: i32,
  rowPtr: usize,
  colIdx: usize,
  idxBytes: i32,
  values: usize,
  valueStep: usize,
): f64 {
  const width = <usize>load<u32>(layer, NCOLS);
  memory.fill(sums, 0, (width << 2) * <usize>lanes);
  let products: f64 = 0;
  for (let r = 0; r < count; r++) {
    const row = rowPtr + (<usize>load<u32>(rowList + (<usize>r << 2)) << 2);
    const begin = load<u32>(row);
    const end = load<u32>(row, 4);
    const own = sums + width * (<usize>r << 2);
    const count = end - begin;
    const inputs = colIdx + <usize>begin * <usize>idxBytes;
    const given = values + <usize>begin * valueStep;
    products +=
      idxBytes == 2
        ? pushIndexed<u16>(layer, own, count, inputs, given, valueStep)
        : pushIndexed<u32>(layer, own, count, inputs, given, valueStep);
  }
  return products;
}

/** Those sums through the epilogue and into the lanes of a tile from address `to` on. */
function finishLanes(layer: usize, to: usize, lanes: i32, sums: usize): void {
  const isUniform = load<i32>(layer, WEIGHTS) == WEIGHTS_UNIFORM;
  if (lanes == 1) {
    if (isUniform) finishOne<Nothing>(layer, to, sums);
    else finishOne<f32>(layer, to, sums);
  } else if (isUniform) finishFour<Nothing>(layer, to, <usize>lanes << 2, sums);
  else finishFour<f32>(layer, to, <usize>lanes << 2, sums);
}
