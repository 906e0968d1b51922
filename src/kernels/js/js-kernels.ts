// The plain JavaScript kernel set: the same interface on the same memory, no WebAssembly instructions. It runs
// everywhere and is the readable account of what the fast sets do; sums are rounded to f32 after every step.

import { FIELD, SECOND_PASS, WEIGHT_FORMATS } from "../layer-record.ts";
import type { Kernels } from "../kernels.ts";

const UNIFORM = WEIGHT_FORMATS.indexOf("uniform");
const CODEBOOK = WEIGHT_FORMATS.indexOf("codebook");
const { fround } = Math;

interface Views {
  u8: Uint8Array;
  u16: Uint16Array;
  u32: Uint32Array;
  f32: Float32Array;
}

/** Kernels on `memory`; views follow its growth. */
export function makeJsKernels(memory: WebAssembly.Memory): Kernels {
  let views = viewsOf(memory);
  const current = (): Views => {
    if (views.u8.byteLength !== memory.buffer.byteLength) views = viewsOf(memory);
    return views;
  };
  const loadCsr: Kernels["loadCsr"] = (
    tile,
    lanes,
    ncols,
    rowList,
    count,
    rowPtr,
    colIdx,
    idxBytes,
    values,
    valueStep,
  ) => {
    const { u16, u32, f32 } = current();
    const first = tile >>> 2;
    f32.fill(0, first, first + ncols * lanes);
    for (let r = 0; r < count; r++) {
      const row = (rowPtr >>> 2) + u32[(rowList >>> 2) + r];
      for (let p = u32[row]; p < u32[row + 1]; p++) {
        const k = idxBytes === 2 ? u16[(colIdx >>> 1) + p] : u32[(colIdx >>> 2) + p];
        f32[first + k * lanes + r] = f32[(values >>> 2) + (valueStep === 0 ? 0 : p)];
      }
    }
  };
  return {
    spmm(layer, lanes, out, input, firstColumn, endColumn) {
      spmmTile(current(), layer >>> 2, lanes, out >>> 2, input >>> 2, firstColumn, endColumn);
    },
    activate(layer, lanes, tile, firstColumn, endColumn) {
      const { u32, f32 } = current();
      const kind = u32[(layer >>> 2) + FIELD.secondPass];
      const slope = f32[(layer >>> 2) + FIELD.slope];
      const end = (tile >>> 2) + endColumn * lanes;
      for (let at = (tile >>> 2) + firstColumn * lanes; at < end; at++) {
        const z = f32[at];
        if (kind === SECOND_PASS["leaky-relu"]) f32[at] = z > 0 ? z : z * slope;
        else if (kind === SECOND_PASS.sigmoid) f32[at] = 1 / (1 + Math.exp(-z));
        else f32[at] = Math.tanh(z);
      }
    },
    softmax(layer, lanes, tile) {
      const { u32, f32 } = current();
      const ncols = u32[(layer >>> 2) + FIELD.ncols];
      for (let lane = 0; lane < lanes; lane++) {
        const first = (tile >>> 2) + lane;
        const end = first + ncols * lanes;
        let largest = -Infinity;
        for (let at = first; at < end; at += lanes) largest = Math.max(largest, f32[at]);
        let sum = 0;
        for (let at = first; at < end; at += lanes) {
          f32[at] = Math.exp(f32[at] - largest);
          sum += f32[at];
        }
        for (let at = first; at < end; at += lanes) f32[at] /= sum;
      }
    },
    liveMask(tile, lanes, ncols) {
      const { f32 } = current();
      const first = tile >>> 2;
      let mask = 0;
      for (let at = 0; at < ncols * lanes; at++) if (f32[first + at] !== 0) mask |= 1 << (at % lanes);
      return mask;
    },
    loadCsr,
    loadSortedCsr: loadCsr,
    pushCsr(layer, out, lanes, rowList, count, rowPtr, colIdx, idxBytes, values, valueStep) {
      const { u16, u32, f32 } = current();
      const rule = ruleOf(views, layer >>> 2);
      const first = u32[(layer >>> 2) + FIELD.colPtr] >>> 2;
      const targets = u32[(layer >>> 2) + FIELD.rowIdx];
      const isShort = u32[(layer >>> 2) + FIELD.idxBytes] === 2;
      const weights = u32[(layer >>> 2) + FIELD.values] >>> 2;
      const sums = new Float32Array(u32[(layer >>> 2) + FIELD.ncols]);
      let products = 0;
      for (let r = 0; r < lanes; r++) {
        sums.fill(0);
        const row = r < count ? (rowPtr >>> 2) + u32[(rowList >>> 2) + r] : -1;
        const end = row < 0 ? 0 : u32[row + 1];
        for (let p = row < 0 ? 0 : u32[row]; p < end; p++) {
          const k = idxBytes === 2 ? u16[(colIdx >>> 1) + p] : u32[(colIdx >>> 2) + p];
          const y = f32[(values >>> 2) + (valueStep === 0 ? 0 : p)];
          for (let q = u32[first + k]; q < u32[first + k + 1]; q++) {
            const w = rule.format === UNIFORM ? 1 : f32[weights + q];
            sums[isShort ? u16[(targets >>> 1) + q] : u32[(targets >>> 2) + q]] += fround(w * y);
            products++;
          }
        }
        for (let j = 0; j < sums.length; j++) f32[(out >>> 2) + j * lanes + r] = finish(f32, rule, j, sums[j]);
      }
      return products;
    },
    packLanes(tile, lanes, ncols, sources) {
      const { u32, f32 } = current();
      for (let r = 0; r < lanes; r++) {
        const from = u32[(sources >>> 2) + 2 * r] >>> 2;
        const apart = u32[(sources >>> 2) + 2 * r + 1] >>> 2;
        for (let k = 0; k < ncols; k++) f32[(tile >>> 2) + k * lanes + r] = f32[from + k * apart];
      }
    },
    loadRows(tile, lanes, ncols, addresses, count) {
      const { u32, f32 } = current();
      const first = tile >>> 2;
      if (count < lanes) f32.fill(0, first, first + ncols * lanes);
      for (let r = 0; r < count; r++) {
        const row = u32[(addresses >>> 2) + r] >>> 2;
        for (let k = 0; k < ncols; k++) f32[first + k * lanes + r] = f32[row + k];
      }
    },
    storeRows(tile, lanes, ncols, addresses, count, unwanted) {
      const { u32, f32 } = current();
      for (let r = 0; r < count; r++) {
        const row = u32[(addresses >>> 2) + r];
        if (row === unwanted) continue;
        for (let k = 0; k < ncols; k++) f32[(row >>> 2) + k] = f32[(tile >>> 2) + k * lanes + r];
      }
    },
    gatherLines(out, tile, lanes, list, count) {
      const { u32 } = current();
      for (let k = 0; k < count; k++) {
        const line = (tile >>> 2) + u32[(list >>> 2) + k] * lanes;
        u32.copyWithin((out >>> 2) + k * lanes, line, line + lanes);
      }
    },
    copyBytes(out, from, bytes) {
      current().u8.copyWithin(out, from, from + bytes);
    },
    hashRow(row, n) {
      const { u32 } = current();
      let hash = n;
      for (let k = 0; k < n; k++) hash = mix(hash ^ u32[(row >>> 2) + k]);
      return hash;
    },
    hashCsrRow(begin, end, colIdx, idxBytes, values, valueStep) {
      const { u16, u32 } = current();
      let hash = end - begin;
      for (let p = begin; p < end; p++) {
        hash = mix(hash ^ (idxBytes === 2 ? u16[(colIdx >>> 1) + p] : u32[(colIdx >>> 2) + p]));
        if (valueStep !== 0) hash = mix(hash ^ u32[(values >>> 2) + p]);
      }
      return hash;
    },
    rowsEqual(a, b, bytes) {
      const { u8 } = current();
      for (let at = 0; at < bytes; at++) if (u8[a + at] !== u8[b + at]) return 0;
      return 1;
    },
    areSlicesSound(ptr, slices, begin, end, idx, idxBytes, minor) {
      const { u16, u32 } = current();
      const indices = idxBytes === 2 ? u16.subarray(idx >>> 1) : u32.subarray(idx >>> 2);
      const pointers = u32.subarray(ptr >>> 2, (ptr >>> 2) + slices + 1);
      return areSlicesSound(pointers, begin, end, indices, minor) ? 1 : 0;
    },
    areFinite(values, n) {
      const { f32 } = current();
      return f32.subarray(values >>> 2, (values >>> 2) + n).every(Number.isFinite) ? 1 : 0;
    },
  };
}

function areSlicesSound(
  pointers: Uint32Array,
  begin: number,
  end: number,
  indices: Uint16Array | Uint32Array,
  minor: number,
): boolean {
  const slices = pointers.length - 1;
  if (pointers[0] !== begin || pointers[slices] !== end) return false;
  for (let j = 0; j < slices; j++) {
    const [from, to] = [pointers[j], pointers[j + 1]];
    if (to < from || to > end) return false;
    if (to > from && indices[to - 1] >= minor) return false;
    for (let p = from + 1; p < to; p++) if (indices[p - 1] >= indices[p]) return false;
  }
  return true;
}

function viewsOf(memory: WebAssembly.Memory): Views {
  const { buffer } = memory;
  return {
    u8: new Uint8Array(buffer),
    u16: new Uint16Array(buffer),
    u32: new Uint32Array(buffer),
    f32: new Float32Array(buffer),
  };
}

/** One tile; `layer`, `out` and `input` are numbers of 32-bit words here. */
function spmmTile(
  views: Views,
  layer: number,
  lanes: number,
  out: number,
  input: number,
  firstColumn: number,
  endColumn: number,
): void {
  const { u8, u16, u32, f32 } = views;
  const colPtr = u32[layer + FIELD.colPtr] >>> 2;
  const colStart = u32[layer + FIELD.colStart] >>> 2;
  const rowIdx = u32[layer + FIELD.rowIdx];
  const isShort = u32[layer + FIELD.idxBytes] === 2;
  const rule = ruleOf(views, layer);
  const { format } = rule;
  const values = u32[layer + FIELD.values];
  const codebook = u32[layer + FIELD.codebook] >>> 2;
  const isListed = u32[layer + FIELD.isListed] !== 0 && lanes >= 16;
  const order = u32[layer + FIELD.columnOrder] >>> 2;
  const sums = new Float32Array(lanes);
  for (let t = firstColumn; t < endColumn; t++) {
    const j = isListed ? u32[order + t] : t;
    sums.fill(0);
    const begin = u32[colStart + j];
    const end = begin + u32[colPtr + j + 1] - u32[colPtr + j];
    for (let p = begin; p < end; p++) {
      const y = input + (isShort ? u16[(rowIdx >>> 1) + p] : u32[(rowIdx >>> 2) + p]) * lanes;
      let w = 1;
      if (format !== UNIFORM) w = format === CODEBOOK ? f32[codebook + u8[values + p]] : f32[(values >>> 2) + p];
      for (let r = 0; r < lanes; r++) sums[r] += fround(w * f32[y + r]);
    }
    for (let r = 0; r < lanes; r++) f32[out + j * lanes + r] = finish(f32, rule, j, sums[r]);
  }
}

/** What follows a sum, from a descriptor. */
interface Rule {
  readonly format: number;
  readonly bias: number;
  readonly biasStep: number;
  readonly everywhere: boolean;
  readonly scale: number;
  readonly low: number;
  readonly high: number;
}

function ruleOf({ u32, f32 }: Views, layer: number): Rule {
  return {
    format: u32[layer + FIELD.weights],
    bias: u32[layer + FIELD.bias],
    biasStep: u32[layer + FIELD.biasStep],
    everywhere: u32[layer + FIELD.biasEverywhere] !== 0,
    scale: f32[layer + FIELD.uniformValue],
    low: f32[layer + FIELD.low],
    high: f32[layer + FIELD.high],
  };
}

function finish(f32: Float32Array, rule: Rule, j: number, sum: number): number {
  const { format, bias, biasStep, everywhere, scale, low, high } = rule;
  const z = format === UNIFORM ? fround(sum * scale) : sum;
  // Minus zero becomes zero, as the vectors' addition makes it: a row that is dropped is zero, too.
  const a = everywhere || z !== 0 ? fround(z + f32[(bias + j * biasStep) >>> 2]) : 0;
  if (a < low) return low;
  return a > high ? high : a;
}

function mix(value: number): number {
  let h = Math.imul(value ^ (value >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return h ^ (h >>> 16);
}
