// Collective operations as typed functions. The in-place form is the base: what a rank has lies already where the result
// will be, so that nothing is copied and one array is all that is passed. All ranks of the communicator must call the
// same functions in the same order with arrays of the same element type. Whether an operation runs to its end (MPI_X)
// or is only started (MPI_IX) is decided by the `Runner`: the arguments are the same.

import type { Handle, Reduction } from "./abi/abi.ts";
import type { CommunicatorState } from "./communicator-state.ts";
import { blockLength, checkMessage, type MessageArray, type Parts, takeParts } from "./message-array.ts";
import { checkRank } from "./point-to-point.ts";
import type { Argument } from "./raw-calls.ts";

export const COLLECTIVES = [
  "barrier",
  "bcast",
  "reduce",
  "allreduce",
  "gather",
  "gatherv",
  "allgather",
  "allgatherv",
  "scatter",
  "scatterv",
  "alltoall",
  "alltoallv",
] as const;
export type CollectiveName = (typeof COLLECTIVES)[number];

/** Carries out the operation of this name with these arguments; what it needs until the end is in `args`. */
export type Runner<R> = (name: CollectiveName, args: readonly Argument[]) => R;

/** R is void for operations that run to their end, and a Request for those that are started. */
export interface Collectives<R> {
  /** Until every rank has come here. */
  barrier(): R;
  /** Every rank's `array` becomes the root's. */
  broadcast(array: MessageArray, root: number): R;
  /** The root's `array` becomes the element-wise reduction of all; the others' stay. */
  reduce(array: MessageArray, reduction: Reduction, root: number): R;
  /** Every rank's `array` becomes the element-wise reduction of all. */
  allreduce(array: MessageArray, reduction: Reduction): R;
  /** The root's `array` holds a block a rank, its own in place; the others' is their block. */
  gather(array: MessageArray, root: number): R;
  /** As gather, with parts of any length: the root gives `parts` of its `array`, the others null. */
  gatherv(array: MessageArray, root: number, parts: Parts | null): R;
  /** `array` holds a block a rank; each brings its own, in place. */
  allgather(array: MessageArray): R;
  /** As allgather, with parts of any length. */
  allgatherv(array: MessageArray, parts: Parts): R;
  /** The reverse of gather: the root's own block stays where it is. */
  scatter(array: MessageArray, root: number): R;
  /** The reverse of gatherv. */
  scatterv(array: MessageArray, root: number, parts: Parts | null): R;
  /** Block s of `sent` goes to rank s; block r of `received` comes from rank r. The arrays must not overlap. */
  alltoallInto(received: MessageArray, sent: MessageArray): R;
  /** As alltoallInto, with parts of any length. */
  alltoallvInto(received: MessageArray, receivedParts: Parts, sent: MessageArray, sentParts: Parts): R;
}

/** @throws (every function) ShapeError, RangeError, TypeError for arguments; MpiError from the library. */
export function makeCollectives<R>(on: CommunicatorState, run: Runner<R>): Collectives<R> {
  const { abi } = on.session;
  const { size, rank } = on;
  const datatypeOf = (array: MessageArray): Handle => abi.datatypes[checkMessage(array)];
  const isRoot = (root: number): boolean => checkRank(on, root) === rank;
  return {
    barrier: () => run("barrier", [on.handle]),
    broadcast: (array, root) => {
      const type = datatypeOf(array);
      return run("bcast", [array, array.length, type, checkRank(on, root), on.handle]);
    },
    reduce: (array, reduction, root) => {
      const type = datatypeOf(array);
      const [from, into] = isRoot(root) ? [abi.inPlace, array] : [array, null];
      return run("reduce", [from, into, array.length, type, abi.reductions[reduction], root, on.handle]);
    },
    allreduce: (array, reduction) => {
      const type = datatypeOf(array);
      return run("allreduce", [abi.inPlace, array, array.length, type, abi.reductions[reduction], on.handle]);
    },
    gather: (array, root) => {
      const type = datatypeOf(array);
      if (!isRoot(root)) return run("gather", [array, array.length, type, null, 0, type, root, on.handle]);
      return run("gather", [abi.inPlace, 0, type, array, blockLength(array, size), type, root, on.handle]);
    },
    gatherv: (array, root, parts) => {
      const type = datatypeOf(array);
      if (!isRoot(root)) return run("gatherv", [array, array.length, type, null, null, null, type, root, on.handle]);
      const { counts, offsets } = takeRootParts(parts, array, size);
      return run("gatherv", [abi.inPlace, 0, type, array, counts, offsets, type, root, on.handle]);
    },
    allgather: (array) => {
      const type = datatypeOf(array);
      return run("allgather", [abi.inPlace, 0, type, array, blockLength(array, size), type, on.handle]);
    },
    allgatherv: (array, parts) => {
      const type = datatypeOf(array);
      const { counts, offsets } = takeParts(parts, array, size);
      return run("allgatherv", [abi.inPlace, 0, type, array, counts, offsets, type, on.handle]);
    },
    scatter: (array, root) => {
      const type = datatypeOf(array);
      if (!isRoot(root)) return run("scatter", [null, 0, type, array, array.length, type, root, on.handle]);
      return run("scatter", [array, blockLength(array, size), type, abi.inPlace, 0, type, root, on.handle]);
    },
    scatterv: (array, root, parts) => {
      const type = datatypeOf(array);
      if (!isRoot(root)) return run("scatterv", [null, null, null, type, array, array.length, type, root, on.handle]);
      const { counts, offsets } = takeRootParts(parts, array, size);
      return run("scatterv", [array, counts, offsets, type, abi.inPlace, 0, type, root, on.handle]);
    },
    alltoallInto: (received, sent) => {
      const types = [datatypeOf(sent), datatypeOf(received)] as const;
      const [out, into] = [blockLength(sent, size), blockLength(received, size)];
      return run("alltoall", [sent, out, types[0], received, into, types[1], on.handle]);
    },
    alltoallvInto: (received, receivedParts, sent, sentParts) => {
      const types = [datatypeOf(sent), datatypeOf(received)] as const;
      const [out, into] = [takeParts(sentParts, sent, size), takeParts(receivedParts, received, size)];
      const sending = [sent, out.counts, out.offsets, types[0]];
      return run("alltoallv", [...sending, received, into.counts, into.offsets, types[1], on.handle]);
    },
  };
}

/** @throws TypeError when the root gives no parts. */
function takeRootParts(parts: Parts | null, array: MessageArray, size: number): Parts {
  if (parts === null) throw new TypeError("the root gives no parts, expected the part of every rank");
  return takeParts(parts, array, size);
}
