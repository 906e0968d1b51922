// Truth files of the challenge: the categories, one 1-based row number a line.

import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { FormatError } from "../core/errors.ts";
import { probeFile, readChunks } from "./byte-source.ts";
import { withFileErrors } from "./file-errors.ts";
import { MAX_INPUT_ROWS } from "./triples.ts";
import { writeAtomically } from "./write-atomically.ts";

const LINES_PER_CHUNK = 8192;

/**
 * Reads a truth file. @returns 0-based row numbers, rising.
 * @throws FormatError with the line, for anything but numbers from 1 to `nrows` (default: any), each once.
 */
export async function readTruth(path: string, nrows: number = MAX_INPUT_ROWS): Promise<Uint32Array> {
  const text = await readText(path);
  const lineOfRow = new Map<number, number>();
  const lines = text.split("\n");
  const last = lines.pop();
  for (const [index, found] of lines.entries()) {
    const word = found.trim();
    if (word === "") continue;
    const row = /^\d+$/.test(word) ? Number(word) : Number.NaN;
    if (!(row >= 1 && row <= nrows)) {
      const shown = Number.isNaN(row) ? JSON.stringify(word.slice(0, 40)) : word;
      throw new FormatError(path, index + 1, `row is ${shown}, expected one whole number from 1 to ${nrows}`);
    }
    const earlier = lineOfRow.get(row);
    if (earlier !== undefined)
      throw new FormatError(path, index + 1, `row ${row} is there already, in line ${earlier}`);
    lineOfRow.set(row, index + 1);
  }
  if (last !== undefined && last.trim() !== "") {
    const shown = JSON.stringify(last.slice(0, 40));
    const problem = `the last line ${shown} has no line end, so the file may be cut (add one if it is whole)`;
    throw new FormatError(path, lines.length + 1, problem);
  }
  if (lineOfRow.size === 0) throw new FormatError(path, null, "the file is empty, expected one row number a line");
  return Uint32Array.from(lineOfRow.keys(), (row) => row - 1).toSorted();
}

/** Writes 0-based row numbers, 1-based, one a line, in the order given. @throws ResourceError for a full disk */
export async function writeCategories(path: string, categories: Uint32Array, signal?: AbortSignal): Promise<void> {
  const options = signal === undefined ? {} : { signal };
  await writeAtomically(
    path,
    (temporary) => pipeline(Readable.from(formatLines(categories)), createWriteStream(temporary), options),
    signal,
  );
}

function* formatLines(categories: Uint32Array): Generator<string> {
  for (let begin = 0; begin < categories.length; begin += LINES_PER_CHUNK) {
    const rows = categories.subarray(begin, begin + LINES_PER_CHUNK);
    yield Array.from(rows, (row) => `${row + 1}\n`).join("");
  }
}

function readText(path: string): Promise<string> {
  return withFileErrors(path, "read", async () => {
    const { gzip } = probeFile(path);
    const decoder = new TextDecoder("latin1");
    let text = "";
    for await (const chunk of readChunks({ path, gzip, begin: 0, end: Number.POSITIVE_INFINITY })) {
      text += decoder.decode(chunk);
    }
    return text;
  });
}
