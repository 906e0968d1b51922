// Ranks must fail together: one that goes on alone would wait for ever for the others. Every step that can fail on one
// rank ends with all ranks telling each other how it went. The same trouble everywhere (a wrong flag, a file that is
// missing for all) is thrown as it is; trouble on some ranks is a RankError that names the first of them.

import { type GossamerError, RankError } from "../core/errors.ts";
import { allgatherValues, type World } from "./world.ts";

interface Outcome {
  readonly name: string;
  readonly message: string;
}

/** Errors that all ranks know of, and which rank says it aloud: the one that is named, or rank 0 where all fail alike. */
const agreed = new WeakMap<object, number>();

/** The rank that reports an error which all ranks know of; null for an error of this rank alone. */
export function reporterOf(error: unknown): number | null {
  return typeof error === "object" && error !== null ? (agreed.get(error) ?? null) : null;
}

/** Does this rank's part of a step, then waits for the others. Collective. @throws what all threw alike, or RankError */
export async function agree<T>(world: World, work: () => Promise<T> | T): Promise<T> {
  let result: { readonly value: T } | null = null;
  let failure: unknown = null;
  try {
    result = { value: await work() };
  } catch (error) {
    failure = error;
  }
  if (world.size === 1) {
    if (result === null) throw failure;
    return result.value;
  }
  const mine: Outcome | null = result === null ? { name: nameOf(failure), message: messageOf(failure) } : null;
  const all = await allgatherValues(world, mine);
  const first = all.findIndex((outcome) => outcome !== null);
  if (first === -1 && result !== null) return result.value;
  const [one] = all;
  const areAlike =
    one !== null && all.every((outcome) => outcome?.name === one.name && outcome.message === one.message);
  const error = areAlike ? failure : new RankError(first, world.hosts[first], all[first]?.message ?? "failed");
  if (typeof error === "object" && error !== null) agreed.set(error, areAlike ? 0 : first);
  throw error;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? (error as GossamerError).name : "";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Checks that values are the same on all ranks. @param values each by the words that name it in the message. Collective.
 * @throws RankError that names the first rank whose value differs from rank 0's, and both values
 */
export async function agreeOn(world: World, values: Readonly<Record<string, string>>): Promise<void> {
  const all = await allgatherValues(world, values);
  const [expected] = all;
  for (const what of Object.keys(expected)) {
    const other = all.findIndex((found) => found[what] !== expected[what]);
    if (other === -1) continue;
    const problem = `has ${what} ${all[other][what]}, expected ${expected[what]} as rank 0 on ${world.hosts[0]} has`;
    const error = new RankError(other, world.hosts[other], problem);
    agreed.set(error, other);
    throw error;
  }
}
