// Arrays of two ranks' memories, sent from the ones into the others. Small ones go together in messages, through buffers
// that are used again and again: a message for each would cost more than copying it, and so would new memory.

import type { Communicator } from "../mpi/communicator.ts";
import type { WaitOptions } from "../mpi/poll.ts";
import { Request } from "../mpi/request.ts";
import type { InPlace } from "./world.ts";

/** Words of a message that is made of several arrays. Reason: it stays in a cache between copying and sending. */
export const MESSAGE_WORDS: number = 1 << 17;
const BUFFERS = 2;
const TAG = 2;
/** Longer than a transfer takes: every question takes it a step further, so pauses would make it last. */
const EAGER_MS = 1000;

/** A message and its arrays; one alone is sent from where it lies. */
interface Message {
  readonly arrays: InPlace;
  readonly words: number;
}

/** @returns messages sent */
export async function sendArrays(
  comm: Communicator,
  to: number,
  arrays: InPlace,
  options: WaitOptions,
): Promise<number> {
  const eager: WaitOptions = { ...options, eagerMs: EAGER_MS };
  const buffers = openBuffers();
  const messages = cutMessages(arrays);
  const sent: Request<void>[] = [];
  for (const [k, message] of messages.entries()) {
    if (k >= BUFFERS) await sent[k - BUFFERS].wait(eager);
    const array = placeOf(message, buffers, k);
    if (message.arrays.length > 1) copyArrays(message, (own, at) => array.set(own, at));
    sent.push(comm.start.send(array, { to, tag: TAG }));
  }
  await Request.all(sent.slice(-BUFFERS), eager);
  return messages.length;
}

export async function receiveArrays(
  comm: Communicator,
  from: number,
  arrays: InPlace,
  options: WaitOptions,
): Promise<void> {
  const eager: WaitOptions = { ...options, eagerMs: EAGER_MS };
  const buffers = openBuffers();
  const messages = cutMessages(arrays);
  const start = (k: number) => comm.start.receive(placeOf(messages[k], buffers, k), { from, tag: TAG });
  const coming = messages.slice(0, BUFFERS).map((_, k) => start(k));
  for (const [k, message] of messages.entries()) {
    await coming[k].wait(eager);
    const array = placeOf(message, buffers, k);
    if (message.arrays.length > 1) copyArrays(message, (own, at) => own.set(array.subarray(at, at + own.length)));
    if (k + BUFFERS < messages.length) coming.push(start(k + BUFFERS));
  }
}

function openBuffers(): Uint32Array[] {
  return Array.from({ length: BUFFERS }, () => new Uint32Array(MESSAGE_WORDS));
}

/** Both sides cut alike: they know the lengths. */
function cutMessages(arrays: InPlace): Message[] {
  const messages: { arrays: Uint32Array[]; words: number }[] = [];
  let last = { arrays: [] as Uint32Array[], words: MESSAGE_WORDS };
  for (const array of arrays) {
    if (last.words + array.length > MESSAGE_WORDS) messages.push((last = { arrays: [], words: 0 }));
    last.arrays.push(array);
    last.words += array.length;
  }
  return messages;
}

function placeOf({ arrays, words }: Message, buffers: readonly Uint32Array[], k: number): Uint32Array {
  return arrays.length === 1 ? arrays[0] : buffers[k % BUFFERS].subarray(0, words);
}

function copyArrays({ arrays }: Message, copy: (own: Uint32Array, at: number) => void): void {
  let at = 0;
  for (const array of arrays) {
    copy(array, at);
    at += array.length;
  }
}
