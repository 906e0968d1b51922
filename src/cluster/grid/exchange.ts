// One exchange of a batch: masks and lines to every rank that reads them, from every rank that has them. Messages are
// views of the shared memory: nothing is copied on the way to the library.

import type { Request } from "../../mpi/request.ts";
import type { GroupLink } from "./group-link.ts";
import { maskBytes, type SlotPlace } from "./grid-task.ts";
import type { GridLayer } from "./routes.ts";

/** What this rank has sent, by the layer whose activations they were. */
export interface SentByLayer {
  readonly bytes: Float64Array;
  readonly messages: Float64Array;
}

export interface Exchange {
  readonly slot: SlotPlace;
  readonly tag: number;
  /** Lanes and tiles of the batch. */
  readonly lanes: number;
  readonly tiles: number;
  /** The layer whose inputs are exchanged; null where only masks are. */
  readonly reader: GridLayer | null;
  readonly hasMasks: boolean;
  /** Layer for the figures. */
  readonly after: number;
}

/** Starts all messages of an exchange; the batch may go on when all are complete. */
export function startExchange(
  link: GroupLink,
  memory: WebAssembly.Memory,
  exchange: Exchange,
  sent: SentByLayer,
): Request<unknown>[] {
  const { slot, tag, lanes, tiles, reader, hasMasks, after } = exchange;
  const { comm, rank, size } = link;
  const masks = hasMasks ? maskBytes(tiles) : 0;
  const requests: Request<unknown>[] = [];
  const incoming = linesByPeer(reader?.receives, size);
  const outgoing = linesByPeer(reader?.sends, size);
  for (let k = 1; k < size; k++) {
    const peer = (rank + size - k) % size;
    const bytes = masks + incoming[peer] * lanes * 4;
    if (bytes === 0) continue;
    const words = new Uint32Array(memory.buffer, slot.receives[peer], bytes / 4);
    requests.push(comm.start.receive(words, { from: peer, tag }));
  }
  for (let k = 1; k < size; k++) {
    const peer = (rank + k) % size;
    const bytes = masks + outgoing[peer] * lanes * 4;
    if (bytes === 0) continue;
    const words = new Uint32Array(memory.buffer, slot.sends[peer], bytes / 4);
    if (hasMasks) words.set(new Uint32Array(memory.buffer, slot.masks, tiles));
    requests.push(comm.start.send(words, { to: peer, tag }));
    sent.bytes[after] += bytes;
    sent.messages[after]++;
  }
  return requests;
}

function linesByPeer(lists: readonly { peer: number; count: number }[] | undefined, size: number): number[] {
  const lines = Array.from({ length: size }, () => 0);
  for (const { peer, count } of lists ?? []) lines[peer] = count;
  return lines;
}

/** The masks of the whole group: a row is alive where any rank has a value of it. */
export function combineMasks(memory: WebAssembly.Memory, link: GroupLink, slot: SlotPlace, tiles: number): Uint32Array {
  const all = new Uint32Array(memory.buffer, slot.masks, tiles);
  for (let peer = 0; peer < link.size; peer++) {
    if (peer === link.rank) continue;
    const masks = new Uint32Array(memory.buffer, slot.receives[peer], tiles);
    for (let t = 0; t < tiles; t++) all[t] |= masks[t];
  }
  return all;
}
