// The product of format pairs, strategies, hashings and numbers of workers as cells, and the order in which a night that
// may be too short for all of them should take them.

import { type ActivationFormat, STRATEGIES, type Strategy, type WeightFormat } from "../../engine/options.ts";
import { isDense, LISTED_PAIRS } from "../../kernels/format-pairs.ts";
import { HASH_MODES, type HashMode } from "../../partition/hashing.ts";

/** One point of the product. */
export interface Cell {
  readonly activationFormat: ActivationFormat;
  readonly weightFormat: WeightFormat;
  readonly strategy: Strategy;
  readonly hash: HashMode;
  readonly workers: number;
}

export const PRODUCT_WORKERS = [1, 2, 3] as const;

/** Tiles, and the pairs that the reference system's tables list. */
export const PRODUCT_PAIRS: readonly Pick<Cell, "activationFormat" | "weightFormat">[] = [
  { activationFormat: "tile", weightFormat: "csc" },
  ...LISTED_PAIRS.map(({ activations, weights }) => ({ activationFormat: activations, weightFormat: weights })),
];

export const CELLS_PER_PAIR: number = STRATEGIES.length * HASH_MODES.length * PRODUCT_WORKERS.length;

/** "csc x dcsc". */
export function pairName({ activationFormat, weightFormat }: Pick<Cell, "activationFormat" | "weightFormat">): string {
  return `${activationFormat} x ${weightFormat}`;
}

export function cellName(cell: Cell): string {
  return `${pairName(cell)}, ${cell.strategy}, hash ${cell.hash}, workers ${cell.workers}`;
}

/**
 * All cells: the first of every pair, the second of every pair, and so on, but a pair whose cells cost ten times as much
 * comes up a tenth as often, so that wherever the night ends, time was shared by the pairs.
 */
export function listCells(): Cell[] {
  const keyed = PRODUCT_PAIRS.flatMap((pair, p) =>
    coveringOrder(p).map((point, rank) => ({ cell: { ...pair, ...point }, key: (rank + 1) * costOf(pair) })),
  );
  return keyed.toSorted((a, b) => a.key - b.key).map(({ cell }) => cell);
}

/** Roughly the seconds of a cell on the official network, with `distinct` rows; measured on one core. */
function costOf({ activationFormat, weightFormat }: Pick<Cell, "activationFormat" | "weightFormat">): number {
  if (activationFormat === "tile") return 2;
  if (isDense(weightFormat)) return 20;
  return isDense(activationFormat) ? 3 : 8;
}

type Point = Omit<Cell, "activationFormat" | "weightFormat">;

/**
 * The points of one pair, each time the one that meets most values, and pairs of values, that have not been met: few cells
 * cover much. Pairs begin at different points, so that all of them together cover more.
 */
function coveringOrder(first: number): Point[] {
  const all = STRATEGIES.flatMap((strategy) =>
    HASH_MODES.flatMap((hash) => PRODUCT_WORKERS.map((workers): Point => ({ strategy, hash, workers }))),
  );
  const start = (first * 7) % all.length;
  const left = [...all.slice(start), ...all.slice(0, start)];
  const met = new Map<string, number>();
  const order: Point[] = [];
  while (left.length > 0) {
    let best = 0;
    let bestScore = Number.NEGATIVE_INFINITY;
    for (const [k, point] of left.entries()) {
      const score = -meetings(point).reduce((sum, [name, weight]) => sum + weight * (met.get(name) ?? 0), 0);
      if (score > bestScore) [best, bestScore] = [k, score];
    }
    const [chosen] = left.splice(best, 1);
    if (chosen === undefined) break;
    for (const [name] of meetings(chosen)) met.set(name, (met.get(name) ?? 0) + 1);
    order.push(chosen);
  }
  return order;
}

/** Values of a point and pairs of them; a value that is missing altogether weighs more than a pair that is. */
function meetings({ strategy, hash, workers }: Point): [name: string, weight: number][] {
  return [
    [strategy, 4],
    [hash, 4],
    [`${workers}`, 4],
    [`${strategy} ${hash}`, 1],
    [`${strategy} ${workers}`, 1],
    [`${hash} ${workers}`, 1],
  ];
}
