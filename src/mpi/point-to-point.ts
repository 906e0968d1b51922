// Messages from one rank to another: what each call takes, checked, and what comes back.

import type { Abi, ElementType } from "./abi/abi.ts";
import type { CommunicatorState } from "./communicator-state.ts";
import { checkMessage, type MessageArray } from "./message-array.ts";
import { Request } from "./request.ts";

/** Every library takes tags at least up to here. */
const MAX_TAG = 32_767;

export interface Destination {
  readonly to: number;
  readonly tag: number;
}

export interface Source {
  readonly from: number | "any";
  readonly tag: number | "any";
}

/** Of a message that has come, or waits to be received. */
export interface Envelope {
  readonly from: number;
  readonly tag: number;
  /** Elements of the datatype that was asked for; NaN when the message holds no whole number of them. */
  readonly count: number;
}

/** MPI_Send. Returns when `array` may be written again, which may be only after the receiver has begun. */
export function send(on: CommunicatorState, array: MessageArray, { to, tag }: Destination): void {
  on.session.call("MPI_Send", ...sendArguments(on, array, to, tag));
}

/** MPI_Isend: `array` must not be written before the request is complete. */
export function startSend(on: CommunicatorState, array: MessageArray, { to, tag }: Destination): Request<void> {
  const args = sendArguments(on, array, to, tag);
  return new Request(on.session, {
    call: "MPI_Isend",
    arrays: [array],
    start: (handle) => on.session.call("MPI_Isend", ...args, handle),
    finish: () => undefined,
  });
}

/** MPI_Recv into the start of `array`. @throws MpiError when the message is longer than `array`. */
export function receive(on: CommunicatorState, array: MessageArray, source: Source): Envelope {
  const { abi } = on.session;
  const element = checkMessage(array);
  const status = new Int32Array(abi.status.words);
  const [from, tag] = sourceArguments(on, source);
  on.session.call("MPI_Recv", array, array.length, abi.datatypes[element], from, tag, on.handle, status);
  return readEnvelope(on, status, element);
}

/** MPI_Irecv: `array` must not be touched before the request is complete. */
export function startReceive(on: CommunicatorState, array: MessageArray, source: Source): Request<Envelope> {
  const { session } = on;
  const element = checkMessage(array);
  const [from, tag] = sourceArguments(on, source);
  const datatype = session.abi.datatypes[element];
  return new Request(session, {
    call: "MPI_Irecv",
    arrays: [array],
    start: (handle) => session.call("MPI_Irecv", array, array.length, datatype, from, tag, on.handle, handle),
    finish: (status) => readEnvelope(on, status, element),
  });
}

/** MPI_Probe: stays until a message is there, and says what it is, its count in `element`s. */
export function probe(on: CommunicatorState, source: Source, element: ElementType): Envelope {
  const status = new Int32Array(on.session.abi.status.words);
  on.session.call("MPI_Probe", ...sourceArguments(on, source), on.handle, status);
  return readEnvelope(on, status, element);
}

/** MPI_Iprobe: the same at once, null when no message is there. */
export function peek(on: CommunicatorState, source: Source, element: ElementType): Envelope | null {
  const status = new Int32Array(on.session.abi.status.words);
  const flag = new Int32Array(1);
  on.session.call("MPI_Iprobe", ...sourceArguments(on, source), on.handle, flag, status);
  return flag[0] === 0 ? null : readEnvelope(on, status, element);
}

function sendArguments(on: CommunicatorState, array: MessageArray, to: number, tag: number): SendArguments {
  const datatype = on.session.abi.datatypes[checkMessage(array)];
  return [array, array.length, datatype, checkRank(on, to), checkTag(tag), on.handle];
}

type SendArguments = [MessageArray, number, Abi["commWorld"], number, number, Abi["commWorld"]];

function sourceArguments(on: CommunicatorState, { from, tag }: Source): [from: number, tag: number] {
  const { abi } = on.session;
  return [from === "any" ? abi.anySource : checkRank(on, from), tag === "any" ? abi.anyTag : checkTag(tag)];
}

/** @throws RangeError unless `rank` is one of the communicator's. */
export function checkRank(on: CommunicatorState, rank: number): number {
  if (Number.isInteger(rank) && rank >= 0 && rank < on.size) return rank;
  throw new RangeError(`rank ${rank}, expected 0 to ${on.size - 1}`);
}

function checkTag(tag: number): number {
  if (Number.isInteger(tag) && tag >= 0 && tag <= MAX_TAG) return tag;
  throw new RangeError(`tag ${tag}, expected 0 to ${MAX_TAG}`);
}

function readEnvelope(on: CommunicatorState, status: Int32Array, element: ElementType): Envelope {
  const { abi } = on.session;
  const count = new Int32Array(1);
  on.session.call("MPI_Get_count", status, abi.datatypes[element], count);
  return {
    from: status[abi.status.source],
    tag: status[abi.status.tag],
    count: count[0] === abi.undefined ? Number.NaN : count[0],
  };
}
