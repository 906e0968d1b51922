// How fast the ranks exchange: measured when a run begins, because it decides whether rows are worth moving.

import type { Link } from "./move-plan.ts";
import { allgatherValues, type World } from "./world.ts";

const PROBE_BYTES = 1 << 18;
const PROBES = 3;

/** All ranks send to all, small and larger messages; the quickest of a few tries counts. Collective. */
export async function measureLink(world: World): Promise<Link> {
  if (world.size === 1) return { secondsPerMessage: 0, secondsPerByte: 0 };
  const small = await timeExchange(world, 8);
  const large = await timeExchange(world, PROBE_BYTES);
  const bytes = PROBE_BYTES * (world.size - 1);
  const mine: Link = { secondsPerMessage: small, secondsPerByte: Math.max(0, large - small) / bytes };
  // All ranks must go by the same figures, or they would decide differently: those of the slowest.
  const all = await allgatherValues(world, mine);
  return {
    secondsPerMessage: Math.max(...all.map((link) => link.secondsPerMessage)),
    secondsPerByte: Math.max(...all.map((link) => link.secondsPerByte)),
  };
}

async function timeExchange(world: World, bytes: number): Promise<number> {
  const parts = Array.from({ length: world.size }, (_, r) => new Uint8Array(r === world.rank ? 0 : bytes));
  let best = Infinity;
  for (let k = 0; k < PROBES; k++) {
    const started = performance.now();
    await world.exchange(parts);
    best = Math.min(best, (performance.now() - started) / 1000);
  }
  return best;
}
