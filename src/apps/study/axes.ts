// The axes of a study's grid. Each is one option of the engine, so that a new option becomes an axis by two lines here; or
// one of a run on ranks, which is a job of its own (run-on-ranks.ts).

import { REDEAL_MODES } from "../../cluster/rank-driver.ts";
import { UsageError } from "../../core/errors.ts";
import {
  ACTIVATION_FORMATS,
  DEFAULT_TILES_PER_WORKER,
  type EngineOptions,
  MAX_TILES_PER_WORKER,
  MAX_WORKERS,
  PICK_ORDERS,
  ROW_MODES,
  STRATEGIES,
  WEIGHT_FORMATS,
} from "../../engine/options.ts";
import { KERNEL_IDS } from "../../kernels/catalog.ts";
import { HASH_METHODS, HASH_MODES } from "../../partition/hashing.ts";

export type AxisValue = string | number;
/** The axes of one point of the grid; axes that mean nothing there are left out. */
export type Combo = Readonly<Record<string, AxisValue>>;

interface Axis {
  /** Where the specification says nothing. */
  readonly standard: readonly AxisValue[];
  /** The values there are, or the smallest and largest number. */
  readonly allowed:
    | readonly string[]
    | readonly [low: number, high: number]
    | { readonly form: RegExp; readonly text: string };
  /** False where the axis changes nothing in this combo. */
  matters?(combo: Combo): boolean;
}

/** In the order of the grid: the last one varies fastest. */
export const AXIS_NAMES = [
  "ranks",
  "grid",
  "redeal",
  "workers",
  "rows",
  "kernel",
  "activationFormat",
  "weightFormat",
  "strategy",
  "pickOrder",
  "tilesPerWorker",
  "hash",
  "hashMethod",
] as const;
const RANK_AXES = ["ranks", "grid", "redeal"] as const;
/** A name that is no option of the engine, nor of ranks, has no entry below and does not compile. */
export type AxisName = Extract<(typeof AXIS_NAMES)[number], keyof EngineOptions | (typeof RANK_AXES)[number]>;
/** More ranks than any study of one machine will start. */
const MAX_RANKS = 1_024;
/** A grid of one column a row group: rows alone are split. */
const ROWS_ALONE = "rows";
export type AxisValues = Partial<Record<AxisName, readonly AxisValue[]>>;

export const AXES: Readonly<Record<AxisName, Axis>> = {
  ranks: { standard: [1], allowed: [1, MAX_RANKS], matters: ({ ranks }) => ranks !== 1 },
  grid: {
    standard: [ROWS_ALONE],
    allowed: { form: /^(rows|[1-9]\d{0,3}x[1-9]\d{0,3})$/, text: `"${ROWS_ALONE}", or a grid such as "2x2"` },
    matters: ({ ranks, grid }) => ranks !== 1 && grid !== ROWS_ALONE,
  },
  redeal: {
    standard: ["auto"],
    allowed: REDEAL_MODES,
    matters: ({ ranks, grid }) => ranks !== 1 && grid === ROWS_ALONE,
  },
  workers: { standard: [1, 2], allowed: [1, MAX_WORKERS] },
  rows: { standard: ["nonzero"], allowed: ROW_MODES },
  kernel: { standard: ["auto"], allowed: ["auto", ...KERNEL_IDS] },
  activationFormat: { standard: ["tile"], allowed: ACTIVATION_FORMATS },
  weightFormat: { standard: ["csc"], allowed: WEIGHT_FORMATS },
  strategy: { standard: STRATEGIES, allowed: STRATEGIES },
  pickOrder: {
    standard: ["slower-first"],
    allowed: PICK_ORDERS,
    matters: ({ strategy }) => strategy === "data-then-model",
  },
  tilesPerWorker: {
    standard: [DEFAULT_TILES_PER_WORKER],
    allowed: [1, MAX_TILES_PER_WORKER],
    matters: ({ strategy }) => strategy === "manager-worker" || strategy === "work-stealing",
  },
  hash: { standard: HASH_MODES, allowed: HASH_MODES },
  hashMethod: { standard: ["deal"], allowed: HASH_METHODS, matters: ({ hash }) => hash !== "none" },
};

function isAxisName(name: string): name is AxisName {
  return Object.hasOwn(AXES, name);
}

/** @throws UsageError for a value that the axis does not have. */
export function checkAxisValues(name: AxisName, values: unknown): readonly AxisValue[] {
  if (!Array.isArray(values) || values.length === 0) {
    throw new UsageError(`axis ${name} is ${JSON.stringify(values)}, expected a list of values`);
  }
  for (const value of values as unknown[]) {
    if (!isAllowed(AXES[name].allowed, value)) {
      throw new UsageError(`axis ${name} has ${JSON.stringify(value)}, expected ${describe(AXES[name].allowed)}`);
    }
  }
  return [...new Set(values as AxisValue[])];
}

function isAllowed(allowed: Axis["allowed"], value: unknown): boolean {
  if ("form" in allowed) return typeof value === "string" && allowed.form.test(value);
  if (typeof value === "string") return (allowed as readonly unknown[]).includes(value);
  const [low, high] = allowed;
  return Number.isInteger(value) && typeof low === "number" && Number(value) >= low && Number(value) <= Number(high);
}

function describe(allowed: Axis["allowed"]): string {
  if ("form" in allowed) return allowed.text;
  const [low, high] = allowed;
  return typeof low === "number" ? `a whole number from ${low} to ${high}` : `one of ${allowed.join(", ")}`;
}

/** All points of the grid, without those that differ only in an axis that means nothing there. */
export function listCombos(values: AxisValues): Combo[] {
  const byKey = new Map<string, Combo>();
  let combos: Combo[] = [{}];
  for (const name of AXIS_NAMES) {
    const choices = values[name] ?? AXES[name].standard;
    combos = combos.flatMap((combo) => choices.map((value) => ({ ...combo, [name]: value })));
  }
  for (const combo of combos) {
    const kept = Object.fromEntries(Object.entries(combo).filter(([name]) => matters(name, combo)));
    byKey.set(comboKey(kept), kept);
  }
  return [...byKey.values()];
}

function matters(name: string, combo: Combo): boolean {
  return isAxisName(name) ? (AXES[name].matters?.(combo) ?? true) : true;
}

/** "strategy=data hash=input workers=2": the same for the same point in every run of a study. */
export function comboKey(combo: Combo): string {
  return Object.entries(combo)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}

function isRankAxis(name: string): boolean {
  return (RANK_AXES as readonly string[]).includes(name);
}

/** Axes are options of the engine by the same names, checked by `checkAxisValues`; those of ranks are left out. */
export function comboOptions(combo: Combo): EngineOptions {
  return Object.fromEntries(Object.entries(combo).filter(([name]) => !isRankAxis(name)));
}

/** Ranks that the combo runs on, 1 for none, with their grid where it has one. */
export function comboRanks({ ranks, grid, redeal }: Combo): { ranks: number; grid?: string; redeal?: string } {
  return {
    ranks: Number(ranks ?? 1),
    ...(grid === undefined ? {} : { grid: String(grid) }),
    ...(redeal === undefined ? {} : { redeal: String(redeal) }),
  };
}
