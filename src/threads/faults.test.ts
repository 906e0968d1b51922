// Plan: every kind, first and large numbers, and one table of texts that are no faults.

import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "../core/errors.ts";
import { FAULT_KINDS, parseFault } from "./faults.ts";

test("kind, worker and beat", () => {
  for (const kind of FAULT_KINDS) {
    assert.deepEqual(parseFault(`${kind}:0:1`), { kind, worker: 0, beat: 1 });
    assert.deepEqual(parseFault(`${kind}:255:1000000`), { kind, worker: 255, beat: 1_000_000 });
  }
});

test("what is no fault is refused with the text found and the form expected", () => {
  const texts = ["", "hang", "hang:1", "hang:1:", "hang::1", ":1:1", "Hang:1:1", "sleep:1:1", "hang:-1:1", "hang:1:-1"];
  texts.push("hang:1:1.5", "hang:x:1", "hang:1:y", "hang:1:0", "hang:1:1:1", " hang:1:1", "hang:1:1\n2", "hang:1:1e3");
  for (const text of texts) {
    assert.throws(
      () => parseFault(text),
      (error: unknown) => {
        assert.ok(error instanceof UsageError, `"${text}" was taken`);
        assert.ok(error.message.includes(`"${text}"`) && error.message.includes("KIND:WORKER:BEAT"), error.message);
        return true;
      },
    );
  }
});
