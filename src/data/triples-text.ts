// Text triples, "row TAB column TAB value" a line, 1-based: bytes in, blocks of 0-based triples out.
// Written by hand over bytes because splitting lines into strings is an order of magnitude slower. Chunks may end
// anywhere; only an unfinished line is kept between them. Also reads the body of Matrix Market files (spaces for tabs,
// two fields for patterns). The inner loop only notices that a line is wrong; triples-diagnosis.ts then says why.

import { FormatError } from "../core/errors.ts";
import type { TripleLimits, TripleSink } from "./triples.ts";
import { BLOCK_ENTRIES } from "./triples.ts";
import { diagnoseLine, diagnoseLastLine } from "./triples-diagnosis.ts";

const TAB = 9;
const NEWLINE = 10;
const RETURN = 13;
const SPACE = 32;
const PLUS = 43;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const LOWER_E = 101;
const UPPER_E = 69;

/** Longer lines are no triples; the bound keeps a file without line ends from being collected whole. */
const MAX_LINE_BYTES = 4096;

/** Powers of ten that float64 holds exactly: a mantissa below 2^53 times or over one of them is correctly rounded. */
const EXACT_POWERS: Float64Array = Float64Array.from({ length: 23 }, (_, k) => Number(`1e${k}`));
const MAX_EXACT_POWER = 22;
const MAX_EXACT_DIGITS = 15;

/** With more digits the product is off by less than 40 roundings: good where both ends round to the same float32. */
const MAX_BRACKETED_DIGITS = 30;
const BRACKET: number = 2 ** -46;

export interface TriplesParser {
  /** Parses the next bytes. @throws FormatError with the line (counted from this parser's first byte). */
  push(bytes: Uint8Array): void;
  /** Ends the text and hands over the last block. @throws FormatError when the last line has no line end. */
  finish(): void;
}

/** A parser that hands blocks of triples to `sink`; `limits` name the file and bound rows and columns. */
export function makeTextParser(limits: TripleLimits, sink: TripleSink): TriplesParser {
  return new TextParser(limits, sink);
}

class TextParser implements TriplesParser {
  readonly #limits: TripleLimits;
  readonly #sink: TripleSink;
  readonly #rows = new Uint32Array(BLOCK_ENTRIES);
  readonly #cols = new Uint32Array(BLOCK_ENTRIES);
  readonly #values = new Float32Array(BLOCK_ENTRIES);
  #count = 0;
  #lines = 0;
  #carry: Uint8Array = new Uint8Array(0);

  constructor(limits: TripleLimits, sink: TripleSink) {
    this.#limits = limits;
    this.#sink = sink;
    this.#values.fill(1);
  }

  push(bytes: Uint8Array): void {
    let begin = 0;
    if (this.#carry.length > 0) {
      begin = bytes.indexOf(NEWLINE) + 1;
      const line = joinBytes(this.#carry, begin === 0 ? bytes : bytes.subarray(0, begin));
      if (begin === 0) {
        this.#keep(line);
        return;
      }
      this.#carry = new Uint8Array(0);
      this.#parse(line, 0, line.length);
    }
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    if (end > begin) this.#parse(bytes, begin, end);
    if (end < bytes.length) this.#keep(bytes.slice(Math.max(begin, end)));
  }

  finish(): void {
    if (this.#carry.length > 0) {
      const problem = diagnoseLastLine(this.#carry, this.#limits);
      throw new FormatError(this.#limits.path, this.#lines + 1, problem);
    }
    this.#flush(this.#count);
  }

  #keep(rest: Uint8Array): void {
    if (rest.length > MAX_LINE_BYTES) {
      const problem = `line longer than ${MAX_LINE_BYTES} bytes, expected row, column and value`;
      throw new FormatError(this.#limits.path, this.#lines + 1, problem);
    }
    this.#carry = rest;
  }

  #flush(count: number): void {
    if (count > 0) this.#sink(this.#rows, this.#cols, this.#values, count);
    this.#count = 0;
  }

  /** Parses whole lines. `bytes[end - 1]` is a line end: no scan below can run past it, since only it ends a line. */
  #parse(bytes: Uint8Array, begin: number, end: number): void {
    const { maxRow, maxCol, pattern } = this.#limits;
    const rows = this.#rows;
    const cols = this.#cols;
    const values = this.#values;
    let count = this.#count;
    let lines = this.#lines;
    let p = begin;
    while (p < end) {
      const lineBegin = p;
      let byte = bytes[p]!;
      let row = 0;
      let digit = byte - ZERO;
      while (digit >>> 0 <= 9) {
        row = row * 10 + digit;
        digit = (byte = bytes[++p]!) - ZERO;
      }
      const rowEnd = p;
      while (byte === TAB || byte === SPACE) byte = bytes[++p]!;
      const colBegin = p;
      let col = 0;
      digit = byte - ZERO;
      while (digit >>> 0 <= 9) {
        col = col * 10 + digit;
        digit = (byte = bytes[++p]!) - ZERO;
      }
      let good =
        (row - 1) >>> 0 < maxRow && row <= maxRow && (col - 1) >>> 0 < maxCol && col <= maxCol && colBegin > rowEnd;
      if (!pattern) {
        const colEnd = p;
        while (byte === TAB || byte === SPACE) byte = bytes[++p]!;
        const valueBegin = p;
        if (byte === MINUS || byte === PLUS) byte = bytes[++p]!;
        const negative = bytes[valueBegin] === MINUS;
        let mantissa = 0;
        let digits = 0;
        let power = 0;
        digit = byte - ZERO;
        while (digit >>> 0 <= 9) {
          mantissa = mantissa * 10 + digit;
          digits++;
          digit = (byte = bytes[++p]!) - ZERO;
        }
        if (byte === POINT) {
          digit = (byte = bytes[++p]!) - ZERO;
          while (digit >>> 0 <= 9) {
            mantissa = mantissa * 10 + digit;
            digits++;
            power--;
            digit = (byte = bytes[++p]!) - ZERO;
          }
        }
        good = good && digits > 0 && valueBegin > colEnd;
        if (byte === LOWER_E || byte === UPPER_E) {
          byte = bytes[++p]!;
          const sign = byte;
          if (byte === MINUS || byte === PLUS) byte = bytes[++p]!;
          const exponentBegin = p;
          let exponent = 0;
          digit = byte - ZERO;
          while (digit >>> 0 <= 9) {
            exponent = exponent * 10 + digit;
            digit = (byte = bytes[++p]!) - ZERO;
          }
          good = good && p > exponentBegin;
          power += sign === MINUS ? -exponent : exponent;
        }
        let value: number;
        if (digits <= MAX_BRACKETED_DIGITS && power >= -MAX_EXACT_POWER && power <= MAX_EXACT_POWER) {
          value = power < 0 ? mantissa / EXACT_POWERS[-power]! : mantissa * EXACT_POWERS[power]!;
          if (digits > MAX_EXACT_DIGITS && Math.fround(value * (1 - BRACKET)) !== Math.fround(value * (1 + BRACKET))) {
            value = readNumber(bytes.subarray(valueBegin, p));
          } else if (negative) value = -value;
        } else {
          value = readNumber(bytes.subarray(valueBegin, p));
        }
        values[count] = value;
        good = good && Math.abs(values[count]!) < Infinity;
      }
      while (byte === SPACE || byte === TAB || byte === RETURN) byte = bytes[++p]!;
      if (good && byte === NEWLINE) {
        rows[count] = row - 1;
        cols[count] = col - 1;
        if (++count === BLOCK_ENTRIES) {
          this.#flush(count);
          count = 0;
        }
      } else if (byte !== NEWLINE || !isBlank(bytes, lineBegin, p)) {
        const lineEnd = bytes.indexOf(NEWLINE, lineBegin);
        const problem = diagnoseLine(bytes.subarray(lineBegin, lineEnd), this.#limits);
        throw new FormatError(this.#limits.path, lines + 1, problem);
      }
      lines++;
      p++;
    }
    this.#count = count;
    this.#lines = lines;
  }
}

const LATIN1 = new TextDecoder("latin1");

function readNumber(bytes: Uint8Array): number {
  return Number(LATIN1.decode(bytes));
}

function isBlank(bytes: Uint8Array, begin: number, end: number): boolean {
  for (let p = begin; p < end; p++) {
    const byte = bytes[p]!;
    if (byte !== SPACE && byte !== TAB && byte !== RETURN) return false;
  }
  return true;
}

function joinBytes(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
