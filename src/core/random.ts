// Seeded pseudo-random numbers: the same seed gives the same sequence on every machine and in every version.
// Not for secrets. Source: sfc32 (Chris Doty-Humphrey, PractRand), seeded through splitmix32.

export interface Random {
  /** Uniform in [0, 1) with 32 random bits. */
  next(): number;
  /** Uniform integer in [0, bound). `bound` is at most 2^32. */
  below(bound: number): number;
  /** Standard normal deviate (Box-Muller). */
  normal(): number;
  /** A generator that goes on from here by itself. */
  copy(): Random;
}

/** Makes a generator from an integer seed. */
export function makeRandom(seed: number): Random {
  let state = seed >>> 0;
  const splitmix = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let z = state ^ (state >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a2d97);
    return z ^ (z >>> 15);
  };
  const random = fromState(splitmix(), splitmix(), splitmix(), 1);
  for (let i = 0; i < 12; i++) random.next();
  return random;
}

/** Source: sfc32. */
function fromState(firstA: number, firstB: number, firstC: number, firstCounter: number): Random {
  let a = firstA;
  let b = firstB;
  let c = firstC;
  let counter = firstCounter;
  const bits = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    c |= 0;
    return t >>> 0;
  };
  const next = (): number => bits() / 0x1_0000_0000;
  return {
    next,
    below: (bound) => Math.floor(next() * bound),
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    copy: () => fromState(a, b, c, counter),
  };
}

/** A uniformly random permutation of 0 .. length-1 (Fisher-Yates). */
export function randomPermutation(length: number, random: Random): Uint32Array {
  const order = Uint32Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
  return order;
}
