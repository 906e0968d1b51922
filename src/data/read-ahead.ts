// Layers of a network gone through in order, forwards or backwards: the next ones are read while the caller works on one,
// into memory that is used again, so that a network of any length leaves nothing for the garbage collector.

import type { Layer } from "../network/network.ts";
import type { IndexArray } from "../sparse/matrix.ts";
import type { DirectLayers, LayerOutline } from "./direct-layers.ts";
import type { NetworkSource } from "./network-source.ts";

/** Layers read ahead, where a layer is no larger than MAX_AHEAD_BYTES. */
const AHEAD = 2;
const MAX_AHEAD_BYTES = 64 << 20;
/** Layers that are whole at a time, the one asked for among them. */
const GIVEN = 3;

export interface LayerReader extends AsyncDisposable {
  /** Layer `l`; its arrays hold it until the third next call. @throws FormatError, RangeError */
  readLayer(l: number): Promise<Layer>;
}

/** Reads layers of `source`, which stays open and is closed by its owner. Layers are checked in full the first time. */
export function openReadAhead(source: NetworkSource): LayerReader {
  const { direct, layerCount } = source;
  if (direct === null) return { readLayer: (l) => source.readLayer(l), [Symbol.asyncDispose]: async () => {} };
  const slots: Slot[] = [];
  const isChecked = new Uint8Array(layerCount);
  /** The layers given last, the latest first: their arrays are still in use. */
  let given: number[] = [];

  /** The slot of layer l, its reading begun. @param wanted layers whose slots must stay */
  const begin = (l: number, wanted: readonly number[]): Slot => {
    const found = slots.find((slot) => slot.layer === l);
    if (found !== undefined) return found;
    let slot = slots.find((candidate) => !wanted.includes(candidate.layer));
    if (slot === undefined) {
      slot = makeSlot();
      slots.push(slot);
    }
    const chosen = slot;
    chosen.layer = l;
    const reading = chosen.ready.catch(() => null).then(() => fillSlot(chosen, direct, l, isChecked));
    // Told to whoever asks for the layer; a layer read ahead may never be asked for.
    reading.catch(() => {});
    chosen.ready = reading;
    return chosen;
  };

  return {
    async readLayer(l) {
      const { nnz, indexBytes, valueCount } = direct.outline(l);
      const ahead = nnz * indexBytes + 4 * valueCount <= MAX_AHEAD_BYTES ? AHEAD : 0;
      const [before] = given;
      const step = before === undefined ? (l === 0 ? 1 : -1) : Math.sign(l - before);
      const next = Array.from({ length: step === 0 ? 0 : ahead }, (_, k) => l + (k + 1) * step);
      const wanted = [l, ...given, ...next];
      const slot = begin(l, wanted);
      for (const n of next) if (n >= 0 && n < layerCount) begin(n, wanted);
      given = [l, ...given.filter((kept) => kept !== l)].slice(0, GIVEN - 1);
      return (await slot.ready)!;
    },
    async [Symbol.asyncDispose]() {
      await Promise.allSettled(slots.map((slot) => slot.ready));
    },
  };
}

/** Memory for one layer, which grows to the largest it has held. */
interface Slot {
  layer: number;
  ready: Promise<Layer | null>;
  colPtr: Uint32Array;
  narrow: Uint16Array;
  wide: Uint32Array;
  values: Float32Array;
  bias: Float32Array;
}

function makeSlot(): Slot {
  return {
    layer: -1,
    ready: Promise.resolve(null),
    colPtr: new Uint32Array(0),
    narrow: new Uint16Array(0),
    wide: new Uint32Array(0),
    values: new Float32Array(0),
    bias: new Float32Array(0),
  };
}

async function fillSlot(slot: Slot, direct: DirectLayers, l: number, isChecked: Uint8Array): Promise<Layer> {
  const outline = direct.outline(l);
  const { nrows, ncols, valueCount, biasCount, rule } = outline;
  if (slot.colPtr.length <= ncols) slot.colPtr = new Uint32Array(ncols + 1);
  if (slot.values.length < valueCount) slot.values = new Float32Array(valueCount);
  if (slot.bias.length < biasCount) slot.bias = new Float32Array(biasCount);
  const colPtr = slot.colPtr.subarray(0, ncols + 1);
  const values = slot.values.subarray(0, valueCount);
  const bias = slot.bias.subarray(0, biasCount);
  const rowIdx = indicesOf(slot, outline);
  await direct.readInto(l, { colPtr, rowIdx, values, bias }, isChecked[l] === 1 ? "bounds" : "all");
  isChecked[l] = 1;
  return { weights: { format: "csc", nrows, ncols, colPtr, rowIdx, values }, bias, rule };
}

function indicesOf(slot: Slot, { nnz, indexBytes }: LayerOutline): IndexArray {
  if (indexBytes === 2) {
    if (slot.narrow.length < nnz) slot.narrow = new Uint16Array(nnz);
    return slot.narrow.subarray(0, nnz);
  }
  if (slot.wide.length < nnz) slot.wide = new Uint32Array(nnz);
  return slot.wide.subarray(0, nnz);
}
