// Plan: pieces never overlap, lie in the ring, are aligned and are given back in order, for random sizes and turns; a full
// ring, one piece of all of it, and pieces around the end.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { makeRing } from "./ring.ts";

const SEED = 51;
const START = 128;

test("pieces never overlap, whatever is taken and given back", () => {
  const turns = fc.array(fc.oneof(fc.nat(700), fc.constant(null)), { maxLength: 80 });
  fc.assert(
    fc.property(turns, fc.integer({ min: 1, max: 16 }), (list, lines) => {
      const capacity = lines * 64;
      const ring = makeRing(START, capacity);
      const held: [number, number][] = [];
      for (const bytes of list) {
        if (bytes === null) {
          ring.release();
          held.shift();
          continue;
        }
        const at = ring.take(bytes);
        if (at === null) {
          assert.ok(held.length > 0 || bytes > capacity, `${bytes} bytes do not fit into an empty ring`);
          continue;
        }
        assert.equal(at % 64, 0);
        assert.ok(at >= START && at + bytes <= START + capacity);
        for (const [other, end] of held) assert.ok(at + Math.max(1, bytes) <= other || at >= end, "pieces overlap");
        held.push([at, at + Math.max(1, bytes)]);
      }
    }),
    { seed: SEED, numRuns: 500 },
  );
});

test("a full ring, all of it at once, and around the end", () => {
  const ring = makeRing(START, 256);
  assert.equal(ring.take(256), START);
  assert.equal(ring.take(1), null);
  ring.release();
  assert.deepEqual([ring.take(64), ring.take(64), ring.take(64)], [START, START + 64, START + 128]);
  assert.equal(ring.take(128), null);
  ring.release();
  ring.release();
  assert.equal(ring.take(128), START);
  assert.equal(ring.take(64), null, "what is left at the end is lost until the ring comes round");
  ring.clear();
  assert.equal(ring.take(256), START);
});
