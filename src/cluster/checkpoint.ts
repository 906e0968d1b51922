// Checkpoints: what is known of all rows at a layer, a file a rank, and a state file that names the newest complete set.
// Files appear whole, under names that no earlier set has; the state file is replaced last, so that whatever ends a run,
// the newest complete set is found again. Rows are stored by their numbers and neurons in the network's own order: any
// number of ranks, workers and any hashing can go on from it.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { FormatError, UsageError } from "../core/errors.ts";
import { withFileErrors } from "../data/file-errors.ts";
import { writeAtomically } from "../data/write-atomically.ts";

const SCHEMA = "gossamer.checkpoint/1";
const STATE = "state.json";
const DIGEST_BYTES = 32;

/** What one rank knows at a cut. All numbers are those of the whole input. */
export interface RankState {
  /** Rows still computed, how many input rows each stands for, and their activations (rows x width). */
  readonly live: Uint32Array;
  readonly weights: Uint32Array;
  readonly values: Float32Array;
  /** Rows that wait for another pass, before layer 0. */
  readonly pending: Uint32Array;
  /** Pairs: the first equals the second. */
  readonly joined: Uint32Array;
  /** Rows that passed the last layer: those not all zero, and kept activations by row. */
  readonly alive: Uint32Array;
  readonly finished: ReadonlyMap<number, Float32Array>;
}

/** The newest complete set in a folder. */
export interface CheckpointState {
  readonly schema: typeof SCHEMA;
  /** What the run computes; another run must not go on from it. */
  readonly identity: string;
  readonly generation: number;
  readonly ranks: number;
  /** Layers that the live rows have passed. */
  readonly layer: number;
  readonly width: number;
}

/** The state of a folder, null where none was saved. @throws FormatError for a damaged one; UsageError for another run's */
export async function readCheckpointState(folder: string, identity: string): Promise<CheckpointState | null> {
  const path = join(folder, STATE);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
  const state = parseState(path, text);
  if (state.identity === identity) return state;
  throw new UsageError(
    `${folder} holds a checkpoint of another run (${state.identity}), expected ${identity}; give another folder`,
  );
}

function parseState(path: string, text: string): CheckpointState {
  try {
    const state = JSON.parse(text) as CheckpointState;
    if (state.schema === SCHEMA) return state;
  } catch {
    // Told below.
  }
  throw new FormatError(path, null, `holds no state of a checkpoint, expected schema ${SCHEMA}`);
}

function fileOf(folder: string, generation: number, rank: number): string {
  return join(folder, `set-${generation}-rank-${rank}.bin`);
}

/** Writes this rank's file of a set that is not complete yet. @throws ResourceError */
export async function writeRankState(
  folder: string,
  generation: number,
  rank: number,
  state: RankState,
  signal?: AbortSignal,
): Promise<void> {
  await withFileErrors(folder, "write", () => mkdir(folder, { recursive: true }));
  const body = serialize(state);
  const digest = createHash("sha256").update(body).digest();
  await writeAtomically(
    fileOf(folder, generation, rank),
    (temporary) => writeFile(temporary, [digest, body], { flag: "wx", flush: true }),
    signal,
  );
}

/** Makes a set the newest one, once all its files are there, and removes the files of older sets. */
export async function completeCheckpoint(folder: string, state: Omit<CheckpointState, "schema">): Promise<void> {
  const text = JSON.stringify({ schema: SCHEMA, ...state });
  await writeAtomically(join(folder, STATE), (temporary) => writeFile(temporary, text, { flag: "wx", flush: true }));
  await removeSets(folder, state.generation);
}

/** Removes a checkpoint that is not needed any more; the folder stays, and what else is in it. */
export async function removeCheckpoint(folder: string): Promise<void> {
  await rm(join(folder, STATE), { force: true });
  await removeSets(folder, null);
  // Of a run that was killed while it wrote; nobody writes any more.
  for (const name of await namesIn(folder)) {
    if (/^\.(set-\d+-rank-\d+\.bin|state\.json)\.\d+-\d+\.part$/.test(name))
      await rm(join(folder, name), { force: true });
  }
}

async function removeSets(folder: string, but: number | null): Promise<void> {
  for (const name of await namesIn(folder)) {
    const found = /^set-(\d+)-rank-\d+\.bin$/.exec(name);
    if (found !== null && Number(found[1]) !== but) await rm(join(folder, name), { force: true });
  }
}

/** None where a run was over before its first checkpoint has made the folder. */
async function namesIn(folder: string): Promise<string[]> {
  return existsSync(folder) ? await withFileErrors(folder, "read", () => readdir(folder)) : [];
}

/** One file of a set. @throws FormatError for a file that is missing, cut or changed */
export async function readRankState(folder: string, state: CheckpointState, rank: number): Promise<RankState> {
  const path = fileOf(folder, state.generation, rank);
  const bytes = await withFileErrors(path, "read", () => readFile(path));
  const body = bytes.subarray(DIGEST_BYTES);
  if (!createHash("sha256").update(body).digest().equals(bytes.subarray(0, DIGEST_BYTES))) {
    throw new FormatError(path, null, "is damaged: its contents do not have the digest that it begins with");
  }
  return deserialize(body) as RankState;
}
