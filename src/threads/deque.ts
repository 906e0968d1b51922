// One double-ended queue of consecutive numbers a worker: its owner takes from the front, others steal from the back. Front
// and back are the halves of one 32-bit word, so that one compare-and-exchange takes a number without a lock.

/** Words of a queue, on a cache line of its own. */
const LINE = 16;
export const MAX_DEQUE_LENGTH = 65_535;

/** Word 0 of a line: front in the low half, back (exclusive) in the high half; word 1: the number at front 0. */
export type Deques = Int32Array<SharedArrayBuffer>;

/** Queue w holds the numbers w count .. (w + 1) count - 1. `count` is at most MAX_DEQUE_LENGTH. */
export function makeDeques(workers: number, count: number): Deques {
  const deques = new Int32Array(new SharedArrayBuffer(workers * LINE * 4));
  for (let worker = 0; worker < workers; worker++) {
    deques[worker * LINE] = count << 16;
    deques[worker * LINE + 1] = worker * count;
  }
  return deques;
}

/** The owner's next number; null when the queue is empty. */
export function takeFromFront(deques: Deques, worker: number): number | null {
  return take(deques, worker, (front, back) => ({ front: front + 1, back, taken: front }));
}

/** A thief's next number; null when the queue is empty. */
export function takeFromBack(deques: Deques, worker: number): number | null {
  return take(deques, worker, (front, back) => ({ front, back: back - 1, taken: back - 1 }));
}

export function tilesLeft(deques: Deques, worker: number): number {
  const word = Atomics.load(deques, worker * LINE);
  return (word >>> 16) - (word & 0xffff);
}

function take(
  deques: Deques,
  worker: number,
  step: (front: number, back: number) => { front: number; back: number; taken: number },
): number | null {
  for (;;) {
    const word = Atomics.load(deques, worker * LINE);
    const front = word & 0xffff;
    const back = word >>> 16;
    if (front >= back) return null;
    const next = step(front, back);
    const written = (next.back << 16) | next.front;
    if (Atomics.compareExchange(deques, worker * LINE, word, written) === word) {
      return deques[worker * LINE + 1] + next.taken;
    }
  }
}
