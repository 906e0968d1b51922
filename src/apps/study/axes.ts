// The axes of a study's grid. Each is one option of the engine, so that a new option becomes an axis by two lines here.

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
  readonly allowed: readonly string[] | readonly [low: number, high: number];
  /** False where the axis changes nothing in this combo. */
  matters?(combo: Combo): boolean;
}

/** Names of the engine's options, in the order of the grid: the last one varies fastest. */
export const AXIS_NAMES = [
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
/** A name that is no option of the engine has no entry below and does not compile. */
export type AxisName = Extract<(typeof AXIS_NAMES)[number], keyof EngineOptions>;
export type AxisValues = Partial<Record<AxisName, readonly AxisValue[]>>;

export const AXES: Readonly<Record<AxisName, Axis>> = {
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
  if (typeof value === "string") return (allowed as readonly unknown[]).includes(value);
  const [low, high] = allowed;
  return Number.isInteger(value) && typeof low === "number" && Number(value) >= low && Number(value) <= Number(high);
}

function describe(allowed: Axis["allowed"]): string {
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

/** Axes are options of the engine by the same names, checked by `checkAxisValues`. */
export function comboOptions(combo: Combo): EngineOptions {
  return combo;
}
