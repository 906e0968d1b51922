// How fast the ranks exchange: measured when a run begins, because it decides whether rows are worth moving.

import type { Link } from "./move-plan.ts";
import { allgatherValues, type World } from "./world.ts";

/** What a rank sends to all others together, and how it lies in memory: as rows of 16384 neurons. */
const PROBE_BYTES = 1 << 22;
const ARRAY_WORDS = 1 << 14;
const PROBES = 3;

/** All ranks send to all, little and much; the quickest of a few tries counts. Collective. */
export async function measureLink(world: World): Promise<Link> {
  if (world.size === 1) return { secondsPerMessage: 0, secondsPerByte: 0 };
  const others = world.size - 1;
  const arrays = Math.ceil(PROBE_BYTES / others / (ARRAY_WORDS * 4));
  const small = await timeTransfer(world, 1, 2);
  const large = await timeTransfer(world, arrays, ARRAY_WORDS);
  const bytes = arrays * ARRAY_WORDS * 4 * others;
  const mine: Link = { secondsPerMessage: small, secondsPerByte: Math.max(0, large - small) / bytes };
  // All ranks must go by the same figures, or they would decide differently: those of the slowest.
  const all = await allgatherValues(world, mine);
  return {
    secondsPerMessage: Math.max(...all.map((link) => link.secondsPerMessage)),
    secondsPerByte: Math.max(...all.map((link) => link.secondsPerByte)),
  };
}

async function timeTransfer(world: World, arrays: number, words: number): Promise<number> {
  const make = (): Uint32Array[][] =>
    Array.from({ length: world.size }, (_, r) =>
      Array.from({ length: r === world.rank ? 0 : arrays }, () => new Uint32Array(words).fill(r + 1)),
    );
  const [out, into] = [make(), make()];
  let best = Infinity;
  for (let k = 0; k < PROBES; k++) {
    await world.allgather(new Uint8Array());
    const started = performance.now();
    await world.transfer(out, into);
    best = Math.min(best, (performance.now() - started) / 1000);
  }
  return best;
}
