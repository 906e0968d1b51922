// What a study runs, as a JSON file says it (docs/studies.md), checked field by field before anything is made.

import { readFile } from "node:fs/promises";
import { checkInteger } from "../../core/checks.ts";
import { FormatError, UsageError } from "../../core/errors.ts";
import { withFileErrors } from "../../data/file-errors.ts";
import { AXIS_NAMES, type AxisValues, checkAxisValues } from "./axes.ts";

/** Exactly one of the first three says where the network comes from. */
export interface NetworkSpec {
  /** A file or folder, from the folder of the specification; $NAME/ at its start is a variable of the environment. */
  readonly path?: string;
  readonly radixnet?: { readonly neurons: number; readonly layers: number; readonly seed?: number };
  /** Options of randomLayers; those that are missing have the values of `gossamer generate random`. */
  readonly random?: Readonly<Record<string, unknown>>;
  /** Only the first so many layers of a file. */
  readonly layers?: number;
  readonly bias?: number;
}

export interface InputsSpec {
  readonly path?: string;
  /** The challenge's images for this many neurons. */
  readonly mnist?: { readonly neurons: number; readonly rows?: number };
  /** Options of randomInputs. */
  readonly random?: Readonly<Record<string, unknown>>;
  /** The longest row first, after everything else. */
  readonly sortedByNonzeros?: boolean;
}

export interface CaseSpec {
  readonly name: string;
  readonly network: NetworkSpec;
  readonly inputs: InputsSpec;
  /** The study's, where the case has none of its own. */
  readonly axes: AxisValues;
  readonly repeats: number;
}

export interface StudySpec {
  readonly name: string;
  readonly cases: readonly CaseSpec[];
  readonly seed: number;
}

/** About a minute on two cores: static and dynamic strategies on sorted inputs, and columns in order of length. */
export const DEFAULT_SPEC: unknown = {
  name: "a first study",
  repeats: 3,
  cases: [
    {
      name: "inputs sorted by nonzeros",
      network: { radixnet: { neurons: 1024, layers: 40 } },
      inputs: { random: { rows: 12_000, features: 1024, density: 0.2 }, sortedByNonzeros: true },
      axes: { strategy: ["data", "data-then-model", "work-stealing"], hash: ["none", "input"] },
    },
    {
      name: "columns in order of length",
      network: { random: { inputs: 1024, neurons: 1024, layers: 20, columnLengths: "power-law", sorted: true } },
      inputs: { random: { rows: 4096, features: 1024, density: 0.1 } },
      axes: { strategy: ["data", "model"], hash: ["none", "layer"] },
    },
  ],
};

const MAX_REPEATS = 1000;
const NETWORK_SOURCES = ["path", "radixnet", "random"] as const;
const INPUT_SOURCES = ["path", "mnist", "random"] as const;

/** @throws FormatError naming the file and the field. */
export async function readSpec(path: string): Promise<StudySpec> {
  const text = await withFileErrors(path, "read", () => readFile(path, "utf8"));
  try {
    return checkSpec(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new FormatError(path, null, `is no JSON: ${error.message}`, { cause: error });
    if (error instanceof UsageError) throw new FormatError(path, null, error.message, { cause: error });
    throw error;
  }
}

/** @throws UsageError naming the field. */
export function checkSpec(value: unknown): StudySpec {
  const spec = asObject(value, "the specification", ["name", "repeats", "seed", "axes", "cases"]);
  const { cases } = spec;
  if (!Array.isArray(cases) || cases.length === 0) throw new UsageError("cases is missing, expected a list of cases");
  const axes = checkAxes(spec["axes"] ?? {}, "axes");
  const repeats = checkRepeats(spec["repeats"] ?? 3, "repeats");
  const checked = cases.map((item, c) => checkCase(item, { axes, repeats }, `cases[${c}]`));
  const names = checked.map(({ name }) => name);
  const twice = names.find((name, c) => names.indexOf(name) !== c);
  if (twice !== undefined) throw new UsageError(`cases: two have the name "${twice}"`);
  return {
    name: checkName(spec["name"] ?? "study", "name"),
    cases: checked,
    seed: checkInteger(asNumber(spec["seed"] ?? 1), 0, 2 ** 32 - 1, "seed"),
  };
}

function checkRepeats(value: unknown, where: string): number {
  return checkInteger(asNumber(value), 1, MAX_REPEATS, where);
}

function asNumber(value: unknown): number {
  return typeof value === "number" ? value : Number.NaN;
}

function checkCase(value: unknown, standard: Pick<CaseSpec, "axes" | "repeats">, where: string): CaseSpec {
  const item = asObject(value, where, ["name", "network", "inputs", "axes", "repeats"]);
  const network = asObject(item["network"], `${where}.network`, [...NETWORK_SOURCES, "layers", "bias"]);
  const inputs = asObject(item["inputs"], `${where}.inputs`, [...INPUT_SOURCES, "sortedByNonzeros"]);
  checkOneSource(network, NETWORK_SOURCES, `${where}.network`);
  checkOneSource(inputs, INPUT_SOURCES, `${where}.inputs`);
  return {
    name: checkName(item["name"], `${where}.name`),
    network,
    inputs,
    repeats: checkRepeats(item["repeats"] ?? standard.repeats, `${where}.repeats`),
    axes: { ...standard.axes, ...checkAxes(item["axes"] ?? {}, `${where}.axes`) },
  };
}

function checkAxes(value: unknown, where: string): AxisValues {
  const axes = asObject(value, where, AXIS_NAMES);
  return Object.fromEntries(
    AXIS_NAMES.filter((name) => Object.hasOwn(axes, name)).map((name) => [name, checkAxisValues(name, axes[name])]),
  );
}

function checkName(value: unknown, where: string): string {
  if (typeof value === "string" && value.trim() !== "") return value;
  throw new UsageError(`${where} is ${JSON.stringify(value)}, expected a name`);
}

function checkOneSource(value: object, sources: readonly string[], where: string): void {
  const given = sources.filter((source) => Object.hasOwn(value, source));
  if (given.length !== 1) {
    throw new UsageError(`${where} has ${given.join(" and ") || "no source"}, expected one of ${sources.join(", ")}`);
  }
}

function asObject(value: unknown, where: string, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new UsageError(`${where} is ${JSON.stringify(value)}, expected an object`);
  }
  const strange = Object.keys(value).find((name) => !known.includes(name));
  if (strange !== undefined) throw new UsageError(`${where} has "${strange}", expected ${known.join(", ")}`);
  return value as Readonly<Record<string, unknown>>;
}
