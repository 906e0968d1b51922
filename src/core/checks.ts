// Small checks used at the door of public functions. Each returns its value, so that a check can stand where the
// value is used, and builds its message only when it fails.

import { UsageError } from "./errors.ts";

/** @throws UsageError unless `value` is an integer in [low, high]. */
export function checkInteger(value: number, low: number, high: number, name: string): number {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new UsageError(`${name} is ${value}, expected an integer from ${low} to ${high}`);
  }
  return value;
}

/** @throws UsageError unless `value` is a finite number that stays one as a float32. */
export function checkFloat32(value: number, name: string): number {
  if (!Number.isFinite(Math.fround(value))) {
    throw new UsageError(`${name} is ${value}, expected a finite number in the range of float32`);
  }
  return value;
}

/** @throws UsageError unless `value` is one of `choices`. */
export function checkChoice<T extends string>(value: string, choices: readonly T[], name: string): T {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) {
    throw new UsageError(`${name} is "${value}", expected one of ${choices.join(", ")}`);
  }
  return found;
}
