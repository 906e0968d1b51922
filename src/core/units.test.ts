// Plan: each unit at both sides of its step; sizes that people write are read back; what is no size is NaN.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { formatBytes, formatCount, formatRate, formatSeconds, parseBytes } from "./units.ts";

fc.configureGlobal({ seed: 1 });

test("formatBytes", () => {
  const table: [number, string][] = [
    [0, "0 B"],
    [1, "1 B"],
    [1023, "1023 B"],
    [1024, "1.00 KiB"],
    [1536, "1.50 KiB"],
    [10 * 1024, "10.0 KiB"],
    [1024 ** 2, "1.00 MiB"],
    [5.5 * 1024 ** 3, "5.50 GiB"],
    [2 * 1024 ** 4, "2.00 TiB"],
    [3000 * 1024 ** 4, "3000.0 TiB"],
  ];
  for (const [bytes, text] of table) assert.equal(formatBytes(bytes), text);
});

test("formatCount groups thousands", () => {
  const table: [number, string][] = [
    [0, "0"],
    [999, "999"],
    [1000, "1 000"],
    [60000, "60 000"],
    [3932160, "3 932 160"],
    [1234.6, "1 235"],
    [-1234567, "-1 234 567"],
  ];
  for (const [count, text] of table) assert.equal(formatCount(count), text);
});

test("formatSeconds", () => {
  const table: [number, string][] = [
    [0, "0.0 us"],
    [0.0000125, "12.5 us"],
    [0.001, "1.0 ms"],
    [0.0123, "12.3 ms"],
    [1, "1.00 s"],
    [9.876, "9.88 s"],
    [75, "75.0 s"],
  ];
  for (const [seconds, text] of table) assert.equal(formatSeconds(seconds), text);
});

test("formatRate", () => {
  const table: [number, string][] = [
    [0, "0.0 "],
    [999, "999.0 "],
    [1000, "1.0 k"],
    [2.5e6, "2.5 M"],
    [1.2e10, "12.0 G"],
    [3e12, "3.0 T"],
  ];
  for (const [rate, text] of table) assert.equal(formatRate(rate), text);
});

test("parseBytes reads what people write", () => {
  const table: [string, number][] = [
    ["1048576", 1048576],
    ["0", 0],
    ["1GiB", 1024 ** 3],
    ["512 MiB", 512 * 1024 ** 2],
    ["2g", 2 * 1024 ** 3],
    ["1.5k", 1536],
    [" 3 tb ", 3 * 1024 ** 4],
    ["10B", 10],
  ];
  for (const [text, bytes] of table) assert.equal(parseBytes(text), bytes, text);
});

test("parseBytes gives NaN for what is no size", () => {
  for (const text of ["", "GiB", "-1k", "1e3", "1 000", "1kk", "0x10", "NaN", "Infinity", "1.5.2k"]) {
    assert.ok(Number.isNaN(parseBytes(text)), text);
  }
});

test("any count survives formatting once its spaces are gone", () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (count) => {
      assert.equal(Number(formatCount(count).replaceAll(" ", "")), count);
    }),
  );
});
