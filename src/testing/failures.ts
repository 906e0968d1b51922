// What tests of failures ask again and again: that something fails, with an error to look at, soon, and leaves no thread.

import assert from "node:assert/strict";
import { countOpenThreads } from "../threads/team.ts";
import { within } from "./time-limit.ts";

/** A limit for what must not hang: many times what a failure takes. */
export const FAILURE_LIMIT_MS = 40_000;

/** The error that `work` rejects with. */
export async function failureOf(work: Promise<unknown>, what: string): Promise<Error> {
  try {
    await within(FAILURE_LIMIT_MS, what, work);
  } catch (error) {
    assert.ok(error instanceof Error, `${what}: not an error`);
    return error;
  }
  return assert.fail(`${what}: no error`);
}

export function assertNoThreads(what: string): void {
  assert.equal(countOpenThreads(), 0, `${what}: threads left`);
}
