// Where tests find what a machine may lack, and how they say that it is missing: one visible line and a skip,
// or a failure when GOSSAMER_REQUIRE (a comma list such as "wasm,threads,challenge,mpi") names it.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { TestContext } from "node:test";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

/** Folder that holds neuron1024/ and neuron1024-l120-categories.tsv of the official challenge, or null. */
export function challengeFolder(): string | null {
  const candidates = [process.env["GOSSAMER_CHALLENGE"], `${REPOSITORY}../shared/graph-challenge`];
  for (const folder of candidates) {
    if (folder !== undefined && existsSync(`${folder}/neuron1024-l120-categories.tsv`)) return folder;
  }
  return null;
}

/** Why tests of the official network are skipped; the same words everywhere, so that the report has one line. */
export const NO_CHALLENGE = "the official 1024 x 120 network is not here (GOSSAMER_CHALLENGE)";

/** Skips the running test with `reason`, or fails it when GOSSAMER_REQUIRE lists `what`. */
export function skipOrFail(t: TestContext, what: string, reason: string): void {
  if ((process.env["GOSSAMER_REQUIRE"] ?? "").split(",").includes(what)) {
    throw new Error(`${what} is required but missing: ${reason}`);
  }
  t.diagnostic(`skipped: ${reason}`);
  t.skip(reason);
}
