// Says in one line what is wrong with a line of text triples. Runs once, after the fast parser has refused the line.

import type { TripleLimits } from "./triples.ts";

const MAX_QUOTED = 40;

/** What is wrong with `bytes`, one line without its line end. */
export function diagnoseLine(bytes: Uint8Array, limits: TripleLimits): string {
  return findProblem(bytes, limits) ?? `cannot read ${quote(decode(bytes))}, expected ${expected(limits)}`;
}

/** What is wrong with a last line that has no line end, which is how a file cut in the middle looks. */
export function diagnoseLastLine(bytes: Uint8Array, limits: TripleLimits): string {
  const problem = findProblem(bytes, limits);
  if (problem !== null) return `${problem}; the file ends in this line and may be cut`;
  return `the last line ${quote(decode(bytes))} has no line end, so the file may be cut (add one if it is whole)`;
}

function findProblem(bytes: Uint8Array, limits: TripleLimits): string | null {
  const text = decode(bytes).trim();
  const fields = text.split(/[\t ]+/);
  const [row, col, value] = fields;
  const wanted = limits.pattern ? 2 : 3;
  if (row === undefined || col === undefined || fields.length !== wanted) {
    return `found ${fields.length} ${fields.length === 1 ? "field" : "fields"} in ${quote(text)}, expected ${expected(limits)}`;
  }
  return (
    findIndexProblem("row", row, limits.maxRow) ??
    findIndexProblem("column", col, limits.maxCol) ??
    (value === undefined ? null : findValueProblem(value))
  );
}

function findIndexProblem(word: string, text: string, max: number): string | null {
  const isWhole = /^\d+$/.test(text);
  if (isWhole && Number(text) >= 1 && Number(text) <= max) return null;
  return `${word} is ${isWhole ? text : quote(text)}, expected a whole number from 1 to ${max}`;
}

function findValueProblem(text: string): string | null {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return `value is ${quote(text)}, expected a finite number`;
  return Number.isFinite(Math.fround(Number(text))) ? null : `value is ${text}, beyond the range of float32`;
}

function expected(limits: TripleLimits): string {
  return limits.pattern ? "row and column" : "row, column and value";
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes.slice(0, 4 * MAX_QUOTED));
}

function quote(text: string): string {
  return JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}...` : text);
}
