// Plan: addresses (aligned, rising, disjoint, never 0), growth of the memory, what is kept when it grows, mark and
// release, used and peak bytes, the limit (just fits, one byte too many, above 4 GiB), the k-th allocation that fails.
// Not covered: a system that refuses pages.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { ResourceError } from "../core/errors.ts";
import { openArena } from "./arena.ts";

const MIB = 1024 * 1024;
const SEED = 20_241;

test("regions are aligned, rising, disjoint, inside the memory and never at 0", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(200_000), { maxLength: 40 }), (sizes) => {
      const arena = openArena();
      let end = 1;
      for (const bytes of sizes) {
        const address = arena.allocate(bytes, "a region");
        assert.equal(address % 64, 0);
        assert.ok(address >= end, `${address} lies before ${end}`);
        end = address + bytes;
        assert.ok(end <= arena.memory.buffer.byteLength);
        assert.ok(arena.usedBytes >= end && arena.usedBytes < end + 64);
      }
    }),
    { seed: SEED, numRuns: 50 },
  );
});

test("what is written stays when the memory grows, and new memory is zero", () => {
  const arena = openArena();
  const first = arena.allocate(1000, "the first");
  new Uint8Array(arena.memory.buffer, first, 1000).fill(7);
  const second = arena.allocate(3 * MIB, "the second");
  assert.ok(new Uint8Array(arena.memory.buffer, first, 1000).every((byte) => byte === 7));
  assert.ok(new Uint8Array(arena.memory.buffer, second, 3 * MIB).every((byte) => byte === 0));
});

test("release gives back what was taken since the mark, and the peak remembers it", () => {
  const arena = openArena();
  arena.allocate(100, "below");
  const mark = arena.mark();
  assert.equal(mark, arena.usedBytes);
  const address = arena.allocate(5000, "above");
  const peak = arena.peakBytes;
  assert.equal(peak, arena.usedBytes);
  arena.release(mark);
  assert.equal(arena.usedBytes, mark);
  assert.equal(arena.peakBytes, peak);
  assert.equal(arena.allocate(10, "again"), address);
  assert.equal(arena.peakBytes, peak);
});

test("nothing beyond the limit: it just fits, or the error names what, how much and how much is left", () => {
  const arena = openArena({ limitBytes: MIB });
  const left = MIB - arena.usedBytes;
  const mark = arena.mark();
  arena.allocate(left, "all that is left");
  assert.equal(arena.usedBytes, MIB);
  assert.throws(() => arena.allocate(1, "one byte"), isOutOfMemory(/^no memory for one byte: 1 B needed, 0 B of/));
  arena.release(mark);
  assert.throws(() => arena.allocate(left + 1, "too much"), isOutOfMemory(/^no memory for too much: /));
  assert.equal(arena.usedBytes, mark);
  assert.equal(arena.allocate(left, "as before"), mark);
});

test("no limit means 4 GiB, and a higher one changes nothing", () => {
  for (const limitBytes of [4 * 1024 * MIB, 16 * 1024 * MIB]) {
    assert.throws(
      () => openArena({ limitBytes }).allocate(4 * 1024 * MIB, "it all"),
      isOutOfMemory(/^no memory for it all: 4\.0+ GiB needed|^no memory for it all: 4 GiB needed/),
    );
  }
});

test("the k-th allocation fails, and only that one", () => {
  for (let k = 1; k <= 4; k++) {
    const arena = openArena({ failAllocation: k });
    for (let call = 1; call <= 5; call++) {
      const used = arena.usedBytes;
      if (call !== k) arena.allocate(10, "a piece");
      else assert.throws(() => arena.allocate(10, "a piece"), isOutOfMemory(/^no memory for a piece: /));
      assert.equal(arena.usedBytes > used, call !== k);
    }
  }
});

function isOutOfMemory(text: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ResourceError);
    assert.match(error.message, text);
    return true;
  };
}
