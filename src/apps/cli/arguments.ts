// Readers of option values. Each refuses what is no value of its kind; what the value means is checked by its owner.

import { InvalidArgumentError } from "commander";
import { parseBytes } from "../../core/units.ts";

/** A whole number of at least `low`. */
export function wholeNumber(low: number, high: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= low && value <= high) return value;
    const range = high === Number.MAX_SAFE_INTEGER ? `of at least ${low}` : `from ${low} to ${high}`;
    throw new InvalidArgumentError(`Expected a whole number ${range}.`);
  };
}

/** A seed of the project's random numbers. */
export const seedNumber: (text: string) => number = wholeNumber(0, 2 ** 32 - 1);

/** Numbers are kept as float32, where 1e39 would become infinity. */
export function finiteNumber(text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isFinite(Math.fround(value))) return value;
  throw new InvalidArgumentError("Expected a number in the range of float32.");
}

/** "512MiB", "2g", "1048576". */
export function byteCount(text: string): number {
  const bytes = parseBytes(text);
  if (Number.isFinite(bytes)) return bytes;
  throw new InvalidArgumentError("Expected a size such as 512MiB or 2GiB.");
}
