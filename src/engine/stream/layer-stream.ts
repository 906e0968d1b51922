// Layers that come into memory while others are computed: read ahead, several at a time, into a ring, straight from their
// source. A layer's descriptor always lies at the same place; where its arrays lie is written into it when they are there.

import { makeBreath } from "../../core/breath.ts";
import { FormatError, InterruptedError } from "../../core/errors.ts";
import type { Kernels } from "../../kernels/kernels.ts";
import { writeLayerRecord } from "../../kernels/layer-record.ts";
import type { CscMatrix } from "../../sparse/matrix.ts";
import { alignedBytes, makeRing } from "./ring.ts";
import { listBytes, listColumns } from "./list-columns.ts";
import type { ResidentArrays } from "./resident-arrays.ts";
import {
  ARRAY_NAMES,
  type ArrayName,
  elementBytes,
  elementCount,
  type StreamedArrays,
  type StreamedLayer,
  type StreamedNetwork,
  viewOf,
} from "./sources.ts";

/** Reads under way at a time: as many as Node has threads for them. */
const READS_AT_A_TIME = 4;
/** A segment is at least this long where the ring has room: shorter ones cost more than they compute. */
const MIN_SEGMENT_LAYERS = 8;
/**
 * Layers through which so many rows a worker go are listed as they are read: that takes the main thread about what a hundred
 * rows take a worker.
 */
export const MIN_LISTED_ROWS = 256;

export interface StreamFigures {
  /** Bytes read into the ring, and seconds in which at least one read was under way. */
  bytes: number;
  seconds: number;
  /** Layers whose columns were listed as they were read (list-columns.ts). */
  listedLayers: number;
  /** Seconds in which the workers had nothing to do until a layer was there. */
  waitSeconds: number;
}

export interface LayerStream {
  readonly figures: StreamFigures;
  /** Notes how many rows will go through the layers that are read from now on, as far as is known; 0 at first. */
  expectRows(rows: number): void;
  readonly expectedRows: number;
  /** Starts to read from the first layer that is not held for good. No segment may be under way. */
  restart(): Promise<void>;
  /** Waits until layers from `first` on are in memory. @returns the end of those that are, few enough to read on meanwhile */
  waitFor(first: number): Promise<number>;
  /** Layers before `layer` are not needed any more in this pass. */
  release(layer: number): void;
  /** Rejects when a read has failed, also while nobody waits; never resolves. */
  readonly failed: Promise<never>;
  /** Ends the waiting; reads under way end by themselves. */
  stop(error: Error): void;
  /** Resolves when no read is under way. */
  idle(): Promise<void>;
}

export interface LayerStreamOptions {
  readonly source: StreamedNetwork;
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  /** Addresses of the descriptors of all layers. */
  readonly descriptors: readonly number[];
  /** The first layer that is streamed. */
  readonly head: number;
  readonly resident: ResidentArrays;
  readonly ringAddress: number;
  readonly ringBytes: number;
  readonly minListedRows: number;
}

/** Bytes of a layer in the ring, without a list of its columns. */
export function ringBytesOf(layer: StreamedLayer, l: number, resident: ResidentArrays): number {
  let bytes = 0;
  for (const name of ARRAY_NAMES) {
    if (resident.find(l, name) === null) bytes += alignedBytes(elementCount(layer, name) * elementBytes(layer, name));
  }
  return bytes;
}

export function openLayerStream(options: LayerStreamOptions): LayerStream {
  const { source, memory, kernels, descriptors, head, resident } = options;
  const { layerCount, direct } = source;
  const breathe = makeBreath(undefined);
  const ring = makeRing(options.ringAddress, options.ringBytes);
  const figures: StreamFigures = { bytes: 0, seconds: 0, listedLayers: 0, waitSeconds: 0 };
  const isReady = new Uint8Array(layerCount + 1);
  // Layers held.first .. held.next-1 have a piece of the ring.
  const held = { first: head, next: head };
  const state: { inFlight: number; readingSince: number; failure: Error | null; rows: number } = {
    rows: 0,
    inFlight: 0,
    readingSince: 0,
    failure: null,
  };
  let wake: (() => void)[] = [];
  const { promise: failed, reject } = Promise.withResolvers<never>();
  // A run that has ended for another reason listens no more.
  failed.catch(() => {});

  const notify = (): void => {
    const woken = wake;
    wake = [];
    for (const resolve of woken) resolve();
  };
  const fail = (error: Error): void => {
    state.failure ??= error;
    reject(state.failure);
    notify();
  };
  const change = (): Promise<void> =>
    new Promise((resolve) => {
      wake.push(resolve);
    });

  const read = async (l: number, address: number, isListed: boolean): Promise<void> => {
    const layer = direct.outline(l);
    if (state.inFlight++ === 0) state.readingSince = performance.now();
    try {
      // Layers that are made and not read would let nobody else have a turn.
      await breathe();
      const bytes = await readLayer(l, layer, address, isListed);
      figures.bytes += bytes;
      isReady[l] = 1;
    } catch (error) {
      fail(error instanceof Error ? error : new Error(String(error)));
    } finally {
      if (--state.inFlight === 0) figures.seconds += (performance.now() - state.readingSince) / 1000;
      pump();
      notify();
    }
  };

  const pump = (): void => {
    while (state.failure === null && held.next < layerCount && state.inFlight < READS_AT_A_TIME) {
      const l = held.next;
      const layer = direct.outline(l);
      const bytes = ringBytesOf(layer, l, resident);
      const list = listBytes(layer);
      const isListed = list > 0 && state.rows >= options.minListedRows && bytes + list <= ring.capacity;
      const address = ring.take(isListed ? bytes + list : bytes);
      if (address === null) return;
      held.next++;
      void read(l, address, isListed);
    }
  };

  const readLayer = async (l: number, layer: StreamedLayer, address: number, isListed: boolean): Promise<number> => {
    const places: Record<ArrayName, number> = { colPtr: 0, rowIdx: 0, values: 0, bias: 0 };
    const arrays: Partial<Record<ArrayName, ReturnType<typeof viewOf>>> = {};
    let at = address;
    let bytes = 0;
    for (const name of ARRAY_NAMES) {
      const found = resident.find(l, name);
      places[name] = found ?? at;
      if (found !== null) continue;
      arrays[name] = viewOf(memory, at, layer, name);
      bytes += arrays[name].byteLength;
      at += alignedBytes(arrays[name].byteLength);
    }
    await direct.readInto(l, arrays as StreamedArrays, "none");
    const values = new Float32Array(memory.buffer, places.values, layer.valueCount);
    const isUniform = values.every((value) => value === values[0]);
    const { nrows, ncols, nnz, indexBytes, valueCount, biasCount } = layer;
    const isSound =
      kernels.areSlicesSound(places.colPtr, ncols, 0, nnz, places.rowIdx, indexBytes, nrows) === 1 &&
      kernels.areFinite(places.values, valueCount) === 1 &&
      kernels.areFinite(places.bias, biasCount) === 1;
    if (!isSound) await refuse(l, layer);
    const listed = isListed ? listColumns(memory, weightsAt(layer, places), at) : null;
    if (listed !== null) figures.listedLayers++;
    writeLayerRecord(memory, descriptors[l], {
      ...layer,
      ...places,
      idxBytes: indexBytes,
      colStart: listed?.colStart ?? places.colPtr,
      columnOrder: listed?.columnOrder ?? 0,
      columnRuns: listed?.columnRuns ?? 0,
      isListed: listed !== null,
      weightFormat: isUniform ? "uniform" : "general",
      codebook: 0,
      uniformValue: values[0] ?? 0,
    });
    return bytes;
  };

  const weightsAt = (layer: StreamedLayer, places: Record<ArrayName, number>): CscMatrix => {
    const view = (name: ArrayName): ReturnType<typeof viewOf> => viewOf(memory, places[name], layer, name);
    const arrays = { colPtr: view("colPtr"), rowIdx: view("rowIdx"), values: view("values") };
    return { format: "csc", nrows: layer.nrows, ncols: layer.ncols, ...arrays } as CscMatrix;
  };

  /** Reads the layer once more to say what is wrong with it. @throws FormatError */
  const refuse = async (l: number, layer: StreamedLayer): Promise<never> => {
    const arrays: Partial<Record<ArrayName, ReturnType<typeof viewOf>>> = {};
    for (const name of ARRAY_NAMES) {
      const buffer = new ArrayBuffer(elementCount(layer, name) * elementBytes(layer, name));
      arrays[name] = viewOf({ buffer }, 0, layer, name);
    }
    await direct.readInto(l, arrays as StreamedArrays, "all");
    throw new FormatError(source.path, null, `layer ${l + 1} changed while it was being read`);
  };

  const readyEnd = (first: number): number => {
    let end = first;
    while (end < layerCount && isReady[end] === 1) end++;
    return end;
  };

  /** The end of a segment from `first` that leaves about half of the ring to layers that are read meanwhile. */
  const mostAtOnce = (first: number): number => {
    let bytes = 0;
    for (let l = first; l < layerCount; l++) {
      const layer = direct.outline(l);
      bytes += ringBytesOf(layer, l, resident) + listBytes(layer);
      if (l > first && bytes > ring.capacity / 2) return l;
    }
    return layerCount;
  };

  return {
    figures,
    failed,
    expectRows(rows) {
      state.rows = rows;
    },
    get expectedRows() {
      return state.rows;
    },
    async restart() {
      while (state.inFlight > 0 && state.failure === null) await change();
      if (state.failure !== null) throw state.failure;
      ring.clear();
      isReady.fill(0);
      held.first = held.next = head;
      pump();
    },
    async waitFor(first) {
      const most = mostAtOnce(first);
      const least = Math.min(most, first + MIN_SEGMENT_LAYERS);
      const started = performance.now();
      while (state.failure === null && readyEnd(first) < least) await change();
      figures.waitSeconds += (performance.now() - started) / 1000;
      if (state.failure !== null) throw state.failure;
      return Math.min(most, readyEnd(first));
    },
    release(layer) {
      for (; held.first < Math.min(layer, held.next); held.first++) ring.release();
      pump();
    },
    stop: fail,
    async idle() {
      state.failure ??= new InterruptedError("the stream of layers was stopped");
      while (state.inFlight > 0) await change();
    },
  };
}
