// Every collective, in both forms, with every root, over empty, short and longer arrays.

import assert from "node:assert/strict";
import { type ElementType, REDUCTIONS, type Reduction } from "../abi/abi.ts";
import { packParts } from "../message-array.ts";
import type { Mpi } from "../mpi.ts";
import { assertElements, type EitherOperations, ELEMENT_TYPES, finish, makeArray } from "./arrays.ts";

const COUNTS = [0, 1, 17];

export async function run(mpi: Mpi): Promise<void> {
  for (const operations of [mpi.world.blocking, mpi.world.start] as EitherOperations[]) {
    await finish(operations.barrier());
    for (const element of ELEMENT_TYPES) await checkElement(mpi, operations, element);
    for (const count of COUNTS) await checkShapes(mpi, operations, count);
    await checkUnequalParts(mpi, operations);
  }
  assert.equal(mpi.pendingCount, 0);
  refuseBadArguments(mpi);
}

/** Datatypes: a reduction of each kind shows that the library counts the same elements as we do. */
async function checkElement({ rank, size }: Mpi, operations: EitherOperations, element: ElementType): Promise<void> {
  const isFloat = element.startsWith("float");
  const results: Record<Reduction, (i: number) => number> = {
    sum: (i) => (size * (size + 1)) / 2 + size * i,
    min: (i) => 1 + i,
    max: (i) => size + i,
    product: (i) => foldRanks(size, (a, r) => a * (r + 1 + i)),
    "bit-or": (i) => foldRanks(size, (a, r) => a | (r + 1 + i), 0),
    "bit-and": (i) => foldRanks(size, (a, r) => a & (r + 1 + i), 127),
  };
  for (const reduction of REDUCTIONS) {
    if (isFloat && reduction.startsWith("bit")) continue;
    // At most 4 ranks and 1 element: 4! fits into 8 bits.
    const length = reduction === "product" ? 1 : 9;
    const array = makeArray(element, length, (i) => rank + 1 + i);
    await finish(operations.allreduce(array, reduction));
    assertElements(array, results[reduction], `allreduce ${reduction} of ${element}`);
  }
  const sent = makeArray(element, size * 2, (i) => 10 * rank + i);
  const received = makeArray(element, size * 2, () => 99);
  await finish(operations.alltoallInto(received, sent));
  assertElements(received, (i) => 10 * Math.floor(i / 2) + 2 * rank + (i % 2), `alltoall of ${element}`);
}

function foldRanks(size: number, next: (a: number, r: number) => number, first = 1): number {
  let value = first;
  for (let r = 0; r < size; r++) value = next(value, r);
  return value;
}

async function checkShapes({ rank, size }: Mpi, operations: EitherOperations, count: number): Promise<void> {
  for (let root = 0; root < size; root++) {
    const what = `${count} from root ${root}`;
    const told = makeArray("float32", count, (i) => 100 * rank + i);
    await finish(operations.broadcast(told, root));
    assertElements(told, (i) => 100 * root + i, `broadcast of ${what}`);

    const reduced = makeArray("float64", count, (i) => rank + i);
    await finish(operations.reduce(reduced, "max", root));
    assertElements(reduced, (i) => (rank === root ? size - 1 : rank) + i, `reduce of ${what}`);

    // A block a rank: block r holds 100 r + i.
    const own = (i: number): number => 100 * rank + i;
    const whole = (i: number): number => 100 * Math.floor(i / count) + (i % count);
    const gathered = makeRootArray(rank === root, rank, size, count, own);
    await finish(operations.gather(gathered, root));
    assertElements(gathered, rank === root ? whole : own, `gather of ${what}`);

    const scattered = makeArray("int32", rank === root ? size * count : count, rank === root ? whole : () => -1);
    await finish(operations.scatter(scattered, root));
    assertElements(scattered, rank === root ? whole : own, `scatter of ${what}`);
  }
  const all = makeRootArray(true, rank, size, count, (i) => 100 * rank + i);
  await finish(operations.allgather(all));
  assertElements(all, (i) => 100 * Math.floor(i / count) + (i % count), `allgather of ${count}`);
}

/** At the root an array for all with its own block in place; elsewhere the own block. */
function makeRootArray(
  isRoot: boolean,
  rank: number,
  size: number,
  count: number,
  own: (i: number) => number,
): ReturnType<typeof makeArray> {
  if (!isRoot) return makeArray("int32", count, own);
  return makeArray("int32", size * count, (i) => (Math.floor(i / count) === rank ? own(i % count) : -1));
}

/** Rank r has 3 r elements (so rank 0 has none), element i of rank r being 100 r + i. */
async function checkUnequalParts({ rank, size }: Mpi, operations: EitherOperations): Promise<void> {
  const parts = packParts(Array.from({ length: size }, (_, r) => 3 * r));
  const length = parts.offsets[size - 1] + parts.counts[size - 1];
  const rankAt = (i: number): number => parts.offsets.findLastIndex((offset) => offset <= i);
  const whole = (i: number): number => 100 * rankAt(i) + (i - parts.offsets[rankAt(i)]);
  const own = (i: number): number => 100 * rank + i;
  const mine = (i: number): number => (rankAt(i) === rank ? whole(i) : -1);

  for (let root = 0; root < size; root++) {
    const isRoot = rank === root;
    const gathered = isRoot ? makeArray("float32", length, mine) : makeArray("float32", 3 * rank, own);
    await finish(operations.gatherv(gathered, root, isRoot ? parts : null));
    assertElements(gathered, isRoot ? whole : own, `gatherv to ${root}`);
    const scattered = isRoot ? makeArray("uint16", length, whole) : makeArray("uint16", 3 * rank, () => 9);
    await finish(operations.scatterv(scattered, root, isRoot ? parts : null));
    assertElements(scattered, isRoot ? whole : own, `scatterv from ${root}`);
  }
  const all = makeArray("int16", length, mine);
  await finish(operations.allgatherv(all, parts));
  assertElements(all, whole, "allgatherv");

  // Rank r sends s + 1 elements to rank s, so rank s receives s + 1 from each.
  const sentParts = packParts(Array.from({ length: size }, (_, s) => s + 1));
  const receivedParts = packParts(Array.from({ length: size }, () => rank + 1));
  const sent = makeArray("int64", sentParts.offsets[size - 1] + size, (i) => 100 * rank + i);
  const received = makeArray("int64", size * (rank + 1), () => -1);
  await finish(operations.alltoallvInto(received, receivedParts, sent, sentParts));
  const from = (i: number): number => Math.floor(i / (rank + 1));
  const place = (i: number): number => sentParts.offsets[rank] + (i % (rank + 1));
  assertElements(received, (i) => 100 * from(i) + place(i), "alltoallv");
}

function refuseBadArguments({ rank, size, world }: Mpi): void {
  for (const operations of [world.blocking, world.start]) {
    const uneven = new Float32Array(size + 1);
    const parts = packParts(Array.from({ length: size }, () => 2));
    const short = new Float32Array(2 * size - 1);
    const outside = { counts: parts.counts, offsets: parts.offsets.map((offset) => offset - 1) };
    for (const root of [-1, size, 0.5, Number.NaN]) {
      assert.throws(() => operations.broadcast(uneven, root), RangeError);
      assert.throws(() => operations.gather(uneven, root), RangeError);
    }
    const moved = new Float32Array(4);
    structuredClone(moved, { transfer: [moved.buffer] });
    assert.throws(() => operations.broadcast(moved, 0), /lost its memory/);
    if (size > 1) assert.throws(() => operations.allgather(uneven), /equal blocks/);
    assert.throws(() => operations.allgatherv(short, parts), /does not lie in an array/);
    assert.throws(() => operations.allgatherv(new Float32Array(2 * size), outside), /does not lie in an array/);
    assert.throws(() => operations.allgatherv(short, packParts([1, 1, 1, 1, 1])), /expected \d of each/);
    assert.throws(() => operations.gatherv(short, rank, null), /the root gives no parts/);
    assert.throws(() => operations.broadcast([1, 2] as never, 0), TypeError);
    assert.throws(() => operations.broadcast(new Uint8ClampedArray(4) as never, 0), TypeError);
  }
  assert.throws(() => packParts([1, -1]), RangeError);
  assert.throws(() => packParts([0x7fff_ffff, 1]), /MPI counts to/);
}
