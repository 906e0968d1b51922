// Plan: the parser against a plain model that splits strings, on random triples cut into random chunks; numbers against
// Number() rounded to float32, for every way of writing one and for digits beyond float64; one table of bad lines, each
// with its line and its reason; lines that end in CR LF, spaces for tabs, blank lines; patterns without values.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { FormatError } from "../core/errors.ts";
import { makeTextParser } from "./triples-text.ts";
import { BLOCK_ENTRIES } from "./triples.ts";

const SEED = 20_201;
const MAX_ROW = 60_000;
const MAX_COL = 1024;

type Entry = [row: number, col: number, value: number];

function parse(chunks: readonly Uint8Array[], pattern = false): Entry[] {
  const entries: Entry[] = [];
  const limits = { path: "x.tsv", maxRow: MAX_ROW, maxCol: MAX_COL, pattern };
  const parser = makeTextParser(limits, (rows, cols, values, count) => {
    for (let p = 0; p < count; p++) entries.push([rows[p], cols[p], values[p]]);
  });
  for (const chunk of chunks) parser.push(chunk);
  parser.finish();
  return entries;
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, k) => bytes.slice(at[k], end));
}

const arbitraryNumber: fc.Arbitrary<string> = fc.oneof(
  fc.float({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }).map((value) => value.toExponential(6)),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e30, max: 1e30 }).map((value) => value.toPrecision(17)),
  fc
    .tuple(fc.stringMatching(/^[+-]?\d{1,25}(\.\d{0,25})?$/), fc.integer({ min: -50, max: 10 }))
    .map(([mantissa, exponent]) => `${mantissa}e${exponent}`),
  fc.constantFrom(".5", "5.", "1E+2", "00012.500", "6.250000e-02", "1e-60", "340282346638528859811704183484516925440"),
);

test("any text of triples, cut anywhere, gives the entries that a plain model gives", () => {
  const line = fc.tuple(
    fc.integer({ min: 1, max: MAX_ROW }),
    fc.integer({ min: 1, max: MAX_COL }),
    arbitraryNumber.filter((text) => Number.isFinite(Math.fround(Number(text)))),
    fc.constantFrom("\n", "\r\n", "\n\n", " \n"),
    fc.constantFrom("\t", " ", "  "),
  );
  const property = fc.property(
    fc.array(line, { maxLength: 40 }),
    fc.array(fc.nat(), { maxLength: 8 }),
    (lines, places) => {
      const text = lines.map(([row, col, value, end, gap]) => `${row}${gap}${col}${gap}${value}${end}`).join("");
      const expected = lines.map(([row, col, value]) => [row - 1, col - 1, Math.fround(Number(value))]);
      assert.deepEqual(parse(cut(bytesOf(text), places)), expected);
    },
  );
  fc.assert(property, { seed: SEED, numRuns: 500 });
});

test("numbers halfway between two float32 round as Number() does", () => {
  // 1 + 2^-24 lies exactly between 1 and the next float32; further digits decide.
  for (const text of ["1.000000059604644775390625", "1.0000000596046447753906250001", "1.00000005960464477539062"]) {
    assert.equal(parse([bytesOf(`1\t1\t${text}\n`)])[0]?.[2], Math.fround(Number(text)), text);
  }
});

test("more entries than a block holds come in order", () => {
  const count = 2 * BLOCK_ENTRIES + 3;
  const text = Array.from({ length: count }, (_, p) => `${p + 1}\t${(p % MAX_COL) + 1}\t1\n`).join("");
  const entries = parse(cut(bytesOf(text), [1000, 77_777]));
  assert.equal(entries.length, count);
  entries.forEach(([row, col], p) => assert.deepEqual([row, col], [p, p % MAX_COL]));
});

test("a pattern has rows and columns only", () => {
  assert.deepEqual(parse([bytesOf("1 2\n3 4\n")], true), [
    [0, 1, 1],
    [2, 3, 1],
  ]);
  assert.throws(
    () => parse([bytesOf("1 2 3\n")], true),
    /x\.tsv:1: found 3 fields in "1 2 3", expected row and column/,
  );
});

const BAD_LINES: readonly (readonly [text: string, line: number, problem: RegExp])[] = [
  ["1\t1\t1\n0\t1\t1\n", 2, /row is 0, expected a whole number from 1 to 60000/],
  ["60001\t1\t1\n", 1, /row is 60001, expected a whole number from 1 to 60000/],
  ["4294967297\t1\t1\n", 1, /row is 4294967297, expected/],
  ["1\t0\t1\n", 1, /column is 0, expected a whole number from 1 to 1024/],
  ["1\t1025\t1\n", 1, /column is 1025, expected a whole number from 1 to 1024/],
  ["-1\t1\t1\n", 1, /row is "-1", expected a whole number/],
  ["1\t1\t1\n1x\t1\t1\n", 2, /row is "1x", expected a whole number/],
  ["1\t2.5\t1\n", 1, /column is "2\.5", expected a whole number/],
  ["1\t1\t0x10\n", 1, /value is "0x10", expected a finite number/],
  ["1\t1\t1.2.3\n", 1, /value is "1\.2\.3", expected a finite number/],
  ["1\t1\t1e\n", 1, /value is "1e", expected a finite number/],
  ["1\t1\t-\n", 1, /value is "-", expected a finite number/],
  ["1\t1\tNaN\n", 1, /value is "NaN", expected a finite number/],
  ["1\t1\tinf\n", 1, /value is "inf", expected a finite number/],
  ["1\t1\tInfinity\n", 1, /value is "Infinity", expected a finite number/],
  ["1\t1\t1e39\n", 1, /value is 1e39, beyond the range of float32/],
  ["1\t1\n1\t1\t1\n", 1, /found 2 fields in "1\\t1", expected row, column and value/],
  ["1\t1\t1\n12\n1\t1\t1\n", 2, /found 1 field in "12", expected row, column and value/],
  ["1\t1\t1\t1\n", 1, /found 4 fields in "1\\t1\\t1\\t1", expected row, column and value/],
  ["1,1,1\n", 1, /found 1 field in "1,1,1"/],
  ["1\t1\t1\n\n\n1\t1\tx\n", 4, /value is "x"/],
  ["1\t1\t1\n1\t1\t6.2", 2, /the last line "1\\t1\\t6\.2" has no line end, so the file may be cut/],
  ["1\t1\t1\n1\t10", 2, /found 2 fields in "1\\t10".*; the file ends in this line and may be cut/],
  [`1\t1\t${"1".repeat(300_000)}\n`, 1, /beyond the range of float32|value is/],
  ["x".repeat(300_000), 1, /line longer than 4096 bytes/],
];

test("each bad line is refused with its number and its reason, wherever the text is cut", () => {
  for (const [text, line, problem] of BAD_LINES) {
    const bytes = bytesOf(text);
    for (const places of [[], [1], [bytes.length - 1], [2, 4, 6]]) {
      assert.throws(
        () => parse(cut(bytes, places)),
        (error) => {
          assert.ok(error instanceof FormatError, String(error));
          assert.equal(error.path, "x.tsv");
          assert.equal(error.line, line, error.message);
          if (text.length < 1000) assert.match(error.message, problem);
          assert.ok(error.message.length < 300 && !error.message.includes("\n"), error.message);
          return true;
        },
        JSON.stringify(text.slice(0, 50)),
      );
    }
  }
});
