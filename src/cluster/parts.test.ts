// The parts of a run on ranks that need no MPI. Plan: moves (properties: nobody gets more than there is room for, the
// slowest rank never gets slower, equal ranks end with equal rows; a table of small cases); rows dealt to ranks are a
// partition in every hashing; rows exchanged in pieces by any ranks equal the matrix they were cut from; shares of files
// of every kind together hold every entry once; ranks fail together.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { array, assert as assertProperty, double, nat, option, property, record } from "fast-check";
import { FormatError, RankError } from "../core/errors.ts";
import { makeRandom } from "../core/random.ts";
import { randomInputs } from "../data/generate/random-inputs.ts";
import { readInputsShare } from "../data/read-inputs-share.ts";
import { writeInputs } from "../data/write-inputs.ts";
import { HASH_METHODS } from "../partition/hashing.ts";
import { sliceCsrRows, toTriples } from "../sparse/convert.ts";
import { makeLocalWorlds } from "../testing/local-worlds.ts";
import { makeTemporaryFolder } from "../testing/temporary-folder.ts";
import { agree, agreeOn, reporterOf } from "./agree.ts";
import { exchangeRows, numberedFrom } from "./exchange-rows.ts";
import { judgeMoves, planMoves, type RankState } from "./move-plan.ts";
import { nextCut } from "./rank-driver.ts";
import { dealRows } from "./rank-rows.ts";
import { readRankInputs } from "./read-rank-inputs.ts";
import { resolveRows } from "./row-registry.ts";
import { allgatherValues } from "./world.ts";

const SEED = 20_261;

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
const cutsOf = (layers: number, mode: "auto" | "always"): number[] => {
  const cuts: number[] = [];
  for (let l = 0; l < layers; ) cuts.push((l = nextCut(l, layers, mode)));
  return cuts;
};
const outcomeOf = async (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

const RANKS = array(
  record({
    rows: nat(1000),
    secondsPerRow: option(double({ min: 1e-6, max: 1e-3, noNaN: true }), { nil: null }),
    room: nat(2000),
  }),
  { minLength: 1, maxLength: 6 },
);

function applyMoves(ranks: readonly RankState[], moves: ReturnType<typeof planMoves>): number[] {
  const rows = ranks.map((rank) => rank.rows);
  for (const { from, to, rows: count } of moves) {
    rows[from] -= count;
    rows[to] += count;
  }
  return rows;
}

test("moves: no row is lost, room is kept, and nobody is worse off than the slowest was", () => {
  assertProperty(
    property(RANKS, (ranks) => {
      const moves = planMoves(ranks);
      const rows = applyMoves(ranks, moves);
      assert.equal(sum(rows), sum(ranks.map((rank) => rank.rows)));
      for (const [r, rank] of ranks.entries()) {
        assert.ok(rows[r] >= 0 && rows[r] - rank.rows <= rank.room);
        assert.ok(moves.every(({ from, to, rows: count }) => from !== to && count > 0));
      }
      const link = { secondsPerByte: 0, secondsPerMessage: 0 };
      const outlook = { layersLeft: 10, survival: 0.9, bytesPerRow: 100, link };
      // A whole row may be a little more than its share.
      const slack = Math.max(...ranks.map((rank) => rank.secondsPerRow ?? 1)) * 10;
      if (moves.length > 0) assert.ok(judgeMoves(ranks, moves, outlook).saved >= -slack);
    }),
    { seed: SEED },
  );
});

test("moves: equal ranks with room end with equal rows, within one", () => {
  assertProperty(
    property(array(nat(500), { minLength: 1, maxLength: 8 }), (counts) => {
      const ranks = counts.map((rows): RankState => ({ rows, secondsPerRow: 1, room: 1e6 }));
      const rows = applyMoves(ranks, planMoves(ranks));
      assert.ok(Math.max(...rows) - Math.min(...rows) <= 1, rows.join(" "));
    }),
    { seed: SEED },
  );
});

test("moves: a rank twice as fast gets twice the rows; what is worth it by hand", () => {
  const ranks: RankState[] = [
    { rows: 300, secondsPerRow: 2, room: 999 },
    { rows: 0, secondsPerRow: 1, room: 999 },
  ];
  const moves = planMoves(ranks);
  assert.deepEqual(moves, [{ from: 0, to: 1, rows: 200 }]);
  const link = { secondsPerByte: 0.5, secondsPerMessage: 3 };
  const worth = judgeMoves(ranks, moves, { layersLeft: 10, survival: 1, bytesPerRow: 4, link });
  assert.deepEqual(worth, { saved: (600 - 200) * 10, cost: 200 * 4 * 0.5 + 3 });
  const dying = judgeMoves(ranks, moves, { layersLeft: 2, survival: 0.5, bytesPerRow: 4, link });
  assert.equal(dying.saved, (600 - 200) * (0.5 + 0.25));
});

test("cuts: the layers at which ranks meet", () => {
  assert.deepEqual(cutsOf(120, "auto"), [5, 10, 20, 40, 80, 120]);
  assert.deepEqual(cutsOf(20, "always"), [1, 2, 3, 4, 6, 8, 12, 16, 20]);
  assert.deepEqual(cutsOf(1, "auto"), [1]);
});

test("rows dealt to ranks: each once, in pieces of equal size, whatever the hashing", () => {
  const random = makeRandom(3);
  for (const nrows of [0, 1, 3, 4, 5, 100]) {
    const counts = Uint32Array.from({ length: nrows }, () => random.below(50));
    for (const ranks of [1, 2, 3, 7]) {
      for (const method of [null, ...HASH_METHODS]) {
        const deal = dealRows(counts, ranks, method === null ? null : { method, seed: 5 });
        const all = Array.from({ length: ranks }, (_, rank) => Array.from(deal.rowsOf(rank)));
        assert.deepEqual(
          all.flat().toSorted((a, b) => a - b),
          Array.from(counts.keys()),
        );
        for (const [rank, rows] of all.entries()) {
          assert.ok(Math.abs(rows.length - nrows / ranks) < 1);
          for (const row of rows) assert.equal(deal.owner[row], rank);
        }
      }
    }
  }
});

test("rows exchanged: whole, in parts of a row, with one value and with many", async () => {
  const inputs = randomInputs({ rows: 37, features: 19, density: 0.3, seed: 2 });
  const random = makeRandom(4);
  const valued = { ...inputs, values: Float32Array.from(inputs.colIdx, () => random.below(9) - 4) };
  for (const matrix of [inputs, valued]) {
    for (const size of [1, 2, 3]) {
      const worlds = makeLocalWorlds(size);
      const counts = Uint32Array.from({ length: 37 }, (_, row) => matrix.rowPtr[row + 1] - matrix.rowPtr[row]);
      const deal = dealRows(counts, size, { method: "deal", seed: 1 });
      const results = await Promise.all(
        worlds.map((world) => {
          const mine = deal.rowsOf(world.rank);
          return exchangeRows(world, numberedFrom(0, shareOfEntries(matrix, world.rank, size)), deal.owner, mine);
        }),
      );
      for (const [rank, result] of results.entries()) {
        for (const [k, row] of deal.rowsOf(rank).entries()) {
          assert.deepEqual(toTriples(sliceCsrRows(result, k, k + 1)), toTriples(sliceCsrRows(matrix, row, row + 1)));
        }
      }
    }
  }
});

/** Every size-th entry, from entry `share` on: rows in parts. */
function shareOfEntries<T extends typeof randomInputs extends (...args: never[]) => infer M ? M : never>(
  matrix: T,
  share: number,
  size: number,
): T {
  const taken = Array.from(matrix.colIdx.keys()).filter((p) => p % size === share);
  const rowPtr = matrix.rowPtr.map((end) => taken.filter((p) => p < end).length);
  const colIdx = matrix.colIdx.filter((_, p) => p % size === share);
  const values = matrix.values.length === 1 ? matrix.values : matrix.values.filter((_, p) => p % size === share);
  return { ...matrix, rowPtr, colIdx, values };
}

test("shares of a file of every kind: every entry once; ranks get the rows of the whole", async () => {
  using folder = makeTemporaryFolder("shares");
  const inputs = randomInputs({ rows: 9000, features: 300, density: 0.06, seed: 6 });
  for (const ending of ["tsv", "tsv.gz", "bin", "bin.gz", "mtx", "mtx.gz", "safetensors"]) {
    const path = join(folder.path, `rows.${ending}`);
    await writeInputs(path, inputs);
    if (ending !== "safetensors") {
      let entries = 0;
      for (const share of [0, 1, 2]) {
        entries += (await readInputsShare(path, { ncols: 300, share, shares: 3, workers: 1 })).entries;
      }
      assert.equal(entries, inputs.colIdx.length, ending);
    }
    const ranks = await Promise.all(
      makeLocalWorlds(3).map((world) =>
        readRankInputs(world, path, {
          ncols: 300,
          hash: ending.startsWith("bin") ? { method: "deal", seed: 1 } : null,
          signal: new AbortController().signal,
        }),
      ),
    );
    const seen = new Set<number>();
    for (const { nrows, rows } of ranks) {
      assert.equal(nrows, 9000);
      for (const [k, row] of rows.numbers.entries()) {
        seen.add(row);
        const { rowPtr, colIdx } = rows.matrix;
        assert.deepEqual(
          Array.from(colIdx.subarray(rowPtr[k], rowPtr[k + 1])),
          Array.from(inputs.colIdx.subarray(inputs.rowPtr[row], inputs.rowPtr[row + 1])),
        );
      }
    }
    assert.equal(seen.size, 9000, ending);
  }
});

test("outcomes are followed over ranks", () => {
  const outcomes = [
    { joined: Uint32Array.of(0, 1, 5, 4), alive: Uint32Array.of(3) },
    { joined: Uint32Array.of(1, 2), alive: Uint32Array.of(2) },
  ];
  const { end, isAlive } = resolveRows(6, outcomes);
  assert.deepEqual(Array.from(end), [2, 2, 2, 3, 4, 4]);
  assert.deepEqual(Array.from(isAlive), [0, 0, 1, 1, 0, 0]);
});

test("ranks fail together: alike as one, apart by name, values that differ by both", async () => {
  const alike = await Promise.all(
    makeLocalWorlds(3).map((world) =>
      outcomeOf(
        agree(world, () => {
          throw new FormatError("f", null, "is missing");
        }),
      ),
    ),
  );
  for (const error of alike) {
    assert.ok(error instanceof FormatError);
    assert.equal(reporterOf(error), 0);
  }
  const apart = await Promise.all(
    makeLocalWorlds(3).map((world) =>
      outcomeOf(
        agree(world, () => {
          if (world.rank === 2) throw new FormatError("f", null, "is missing");
          return 1;
        }),
      ),
    ),
  );
  for (const error of apart) {
    assert.ok(error instanceof RankError);
    assert.equal(error.message, "rank 2 on host2: f: is missing");
    assert.equal(reporterOf(error), 2);
  }
  const values = await Promise.all(
    makeLocalWorlds(2).map((world) => outcomeOf(agreeOn(world, { version: `0.${world.rank}`, kernels: "js" }))),
  );
  for (const error of values) {
    assert.ok(error instanceof RankError);
    assert.equal(error.message, "rank 1 on host1: has version 0.1, expected 0.0 as rank 0 on host0 has");
  }
  const good = await Promise.all(makeLocalWorlds(2).map((world) => agree(world, () => world.rank)));
  assert.deepEqual(good, [0, 1]);
  assert.equal(reporterOf(new Error("mine")), null);
  assert.deepEqual(await Promise.all(makeLocalWorlds(2).map((world) => allgatherValues(world, world.rank))), [
    [0, 1],
    [0, 1],
  ]);
});
