// How fast the ranks exchange: measured when a run begins, because it decides whether rows are worth moving.

import type { Link } from "./move-plan.ts";
import { allgatherValues, type World } from "./world.ts";

/** What a rank sends to all others together: as much as a hundred rows of 10000 neurons. */
const PROBE_BYTES = 1 << 22;
const PROBES = 3;

/**
 * All ranks send to all, small and larger messages, packed and unpacked as rows are that move; the quickest of a few tries
 * counts. Collective.
 */
export async function measureLink(world: World): Promise<Link> {
  if (world.size === 1) return { secondsPerMessage: 0, secondsPerByte: 0 };
  const others = world.size - 1;
  const share = Math.ceil(PROBE_BYTES / others);
  const small = await timeExchange(world, 8);
  const large = await timeExchange(world, share);
  const mine: Link = { secondsPerMessage: small, secondsPerByte: Math.max(0, large - small) / (share * others) };
  // All ranks must go by the same figures, or they would decide differently: those of the slowest.
  const all = await allgatherValues(world, mine);
  return {
    secondsPerMessage: Math.max(...all.map((link) => link.secondsPerMessage)),
    secondsPerByte: Math.max(...all.map((link) => link.secondsPerByte)),
  };
}

/** Memory is new at every try, as it is for rows: getting its pages takes longer than sending what is in them. */
async function timeExchange(world: World, bytes: number): Promise<number> {
  let best = Infinity;
  for (let k = 0; k < PROBES; k++) {
    const started = performance.now();
    const parts = Array.from({ length: world.size }, (_, r) =>
      new Uint8Array(r === world.rank ? 0 : bytes).fill(k + 1),
    );
    const received = await world.exchange(parts);
    for (const part of received) part.slice();
    best = Math.min(best, (performance.now() - started) / 1000);
  }
  return best;
}
