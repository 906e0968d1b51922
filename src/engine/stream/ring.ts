// A region of memory that is taken in pieces, which are given back in the order in which they were taken.

export interface Ring {
  readonly capacity: number;
  /** A piece of `bytes` contiguous bytes, 64-byte aligned; null while there is no room for it. */
  take(bytes: number): number | null;
  /** Gives the oldest piece back. */
  release(): void;
  /** Gives all pieces back. */
  clear(): void;
}

const ALIGNMENT = 64;

export function alignedBytes(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/** @param address aligned start of `capacity` bytes */
export function makeRing(address: number, capacity: number): Ring {
  const end = address + capacity;
  const starts: number[] = [];
  // Invariant: what is taken lies from starts[0] up to next, around the end where next is not beyond starts[0].
  let next = address;
  return {
    capacity,
    take(bytes) {
      const size = alignedBytes(Math.max(1, bytes));
      const oldest = starts[0];
      let at: number;
      if (oldest === undefined) at = address;
      else if (next > oldest) at = next + size <= end ? next : address;
      else at = next;
      const limit = oldest === undefined || at > oldest ? end : oldest;
      if (at === oldest || at + size > limit) return null;
      starts.push(at);
      next = at + size;
      return at;
    },
    release() {
      starts.shift();
    },
    clear() {
      starts.length = 0;
    },
  };
}
