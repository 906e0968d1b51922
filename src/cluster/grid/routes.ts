// Where every value lies and goes. A rank holds a layer's inputs as a tile: first all its own neurons of the layer before,
// then the neurons that it reads of each other rank, and no others. The weights' row indices name lines of that tile. A
// neuron that has a twin on this rank is read there.

import type { Arena } from "../../threads/arena.ts";
import { type PlacedLayer, placeLayer, writeArray } from "../../kernels/layer-record.ts";
import { invertOrder } from "../../partition/hashing.ts";
import { orderForReading, type ReadingOrder } from "../../partition/reading-order.ts";
import { type CscMatrix, makeIndexArray } from "../../sparse/matrix.ts";
import { type LayerPart, numbersWhere, takeBias, takeColumns } from "./deal-layers.ts";
import type { GroupLink } from "./group-link.ts";

/** Lines of this rank's own neurons that another rank reads. */
export interface SendList {
  readonly peer: number;
  readonly count: number;
  /** Address of u32 x count: which lines of the own neurons. */
  readonly list: number;
}

/** Lines of another rank's neurons in this rank's input tile. */
export interface ReceiveList {
  readonly peer: number;
  readonly count: number;
  /** First line in the input tile. */
  readonly line: number;
}

/** One layer as this rank computes it. */
export interface GridLayer {
  readonly placed: PlacedLayer;
  /** Lines of the input tile. */
  readonly inWidth: number;
  /** Own neurons. */
  readonly width: number;
  /** Before this layer: what other ranks read of the layer before, and what this rank reads of theirs. None at layer 0. */
  readonly sends: readonly SendList[];
  readonly receives: readonly ReceiveList[];
}

export interface Routes {
  readonly layers: readonly GridLayer[];
  /** Features that this rank's columns read: for each its line in the input tile of layer 0, or -1. */
  readonly featureLines: Int32Array;
  /** Numbers of the own neurons of the last layer, in the order of their lines. */
  readonly outputs: Uint32Array;
  /** The same after the layers that were asked for. */
  readonly columnsAfter: ReadonlyMap<number, Uint32Array>;
}

/** Places this rank's parts in memory and agrees with the others on what to send. Collective. @throws ResourceError */
export async function planRoutes(
  link: GroupLink,
  arena: Arena,
  parts: readonly LayerPart[],
  inputs: number,
  cutLayers: readonly number[],
): Promise<Routes> {
  const columnsAfter = new Map<number, Uint32Array>();
  let reading = orderForReading(parts[0].weights);
  const featureLines = numberRead(parts[0].weights, inputs, reading.rows);
  let lines = featureLines.lines;
  let inWidth = featureLines.count;
  let sends: SendList[] = [];
  let receives: ReceiveList[] = [];
  const layers: GridLayer[] = [];
  let columns = new Uint32Array();
  let own = parts[0].weights;
  for (let l = 0; l < parts.length; l++) {
    const part = parts[l];
    const reader = l + 1 < parts.length ? readTwins(parts[l + 1].weights, part) : null;
    const next: ReadingOrder = reader === null ? { rows: null, columns: null } : orderForReading(reader);
    const places = next.rows;
    const kept = sortByPlace(
      numbersWhere(part.columns.length, () => true),
      places,
      part.columns,
    );
    columns = Uint32Array.from(kept, (k) => part.columns[k]);
    if (cutLayers.includes(l + 1)) columnsAfter.set(l + 1, columns);
    const weights = moveRows(takeColumns(own, kept), lines, inWidth);
    const name = `layer ${l + 1}`;
    const layer = { weights, bias: takeBias(part.bias, kept), rule: part.rule };
    const allocate = (bytes: number, what: string): number => arena.allocate(bytes, what);
    const newPlace = invertOrder(kept);
    const columnOrder = reading.columns?.map((k) => newPlace[k]) ?? null;
    const placed = placeLayer(layer, arena.memory, allocate, name, columnOrder, part.isUniform);
    reading = next;
    layers.push({ placed, inWidth, width: columns.length, sends, receives });
    if (reader === null) break;
    own = reader;
    const wanted = listWanted(link, part.owners, reader, places);
    const asked = await swapLists(link, wanted);
    lines = new Int32Array(part.owners.length).fill(-1);
    for (let k = 0; k < columns.length; k++) lines[columns[k]] = k;
    sends = [];
    for (let peer = 0; peer < link.size; peer++) {
      if (asked[peer].length === 0) continue;
      const list = takeLines(lines, asked[peer]);
      const address = arena.allocate(list.byteLength, `lines sent after ${name}`);
      writeArray(arena.memory, address, list);
      sends.push({ peer, count: list.length, list: address });
    }
    receives = [];
    inWidth = columns.length;
    for (let peer = 0; peer < link.size; peer++) {
      const count = wanted[peer].length;
      if (count === 0) continue;
      for (let k = 0; k < count; k++) lines[wanted[peer][k]] = inWidth + k;
      receives.push({ peer, count, line: inWidth });
      inWidth += count;
    }
  }
  return { layers, featureLines: featureLines.lines, outputs: columns, columnsAfter };
}

/**
 * Weights that read the layer of `part`, with each row replaced by the first of its twins that this rank owns, or else by
 * the first of all, so that every value is asked for once. Rows need not rise any more, and may come twice in a column.
 */
function readTwins(weights: CscMatrix, { twins, columns, owners }: LayerPart): CscMatrix {
  if (twins === null) return weights;
  const chosen = new Int32Array(owners.length).fill(-1);
  for (const j of columns) if (chosen[twins[j]] === -1) chosen[twins[j]] = j;
  const rowIdx = weights.rowIdx.map((i) => (chosen[twins[i]] === -1 ? twins[i] : chosen[twins[i]]));
  return { ...weights, rowIdx };
}

/** Lines for the inputs that the columns read, in the order of their places. */
function numberRead(
  weights: CscMatrix,
  inputs: number,
  places: Uint32Array | null,
): { lines: Int32Array; count: number } {
  const isRead = new Uint8Array(inputs);
  for (const i of weights.rowIdx) isRead[i] = 1;
  const read = numbersWhere(inputs, (i) => isRead[i] === 1);
  const order = sortByPlace(read, places, null);
  const lines = new Int32Array(inputs).fill(-1);
  order.forEach((i, line) => {
    lines[i] = line;
  });
  return { lines, count: order.length };
}

/** `items` by the place of the neuron that each stands for (itself, or `neurons[item]`). */
function sortByPlace(items: Uint32Array, places: Uint32Array | null, neurons: Uint32Array | null): Uint32Array {
  if (places === null) return items;
  const placeOf = (item: number): number => places[neurons === null ? item : neurons[item]];
  return items.toSorted((a, b) => placeOf(a) - placeOf(b));
}

/** For every other rank the neurons of its own that this rank's columns read, in the order in which they will lie here. */
function listWanted(
  link: GroupLink,
  owners: Uint16Array,
  weights: CscMatrix,
  places: Uint32Array | null,
): Uint32Array[] {
  const isRead = new Uint8Array(owners.length);
  for (const i of weights.rowIdx) isRead[i] = 1;
  const wanted: number[][] = Array.from({ length: link.size }, () => []);
  for (let i = 0; i < owners.length; i++) if (isRead[i] === 1 && owners[i] !== link.rank) wanted[owners[i]].push(i);
  return wanted.map((neurons) => sortByPlace(Uint32Array.from(neurons), places, null));
}

function takeLines(lines: Int32Array, neurons: Uint32Array): Uint32Array {
  return Uint32Array.from(neurons, (neuron) => lines[neuron]);
}

/** Every rank's list for every other. */
async function swapLists(link: GroupLink, lists: readonly Uint32Array[]): Promise<Uint32Array[]> {
  const counts = Int32Array.from(lists, (list) => list.length);
  const incoming = new Int32Array(link.size);
  await link.wait(link.comm.start.alltoallInto(incoming, counts));
  const received = Array.from(incoming, (count) => new Uint32Array(count));
  const requests = [];
  for (let peer = 0; peer < link.size; peer++) {
    if (peer === link.rank) continue;
    if (incoming[peer] > 0) requests.push(link.comm.start.receive(received[peer], { from: peer, tag: 0 }));
    if (counts[peer] > 0) requests.push(link.comm.start.send(lists[peer], { to: peer, tag: 0 }));
  }
  for (const request of requests) await link.wait<unknown>(request);
  return received;
}

/** The same columns with rows renumbered to lines. */
function moveRows(weights: CscMatrix, lines: Int32Array, inWidth: number): CscMatrix {
  const rowIdx = makeIndexArray(weights.rowIdx.length, inWidth);
  for (let p = 0; p < rowIdx.length; p++) rowIdx[p] = lines[weights.rowIdx[p]];
  return { ...weights, nrows: inWidth, rowIdx };
}
