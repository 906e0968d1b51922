// Collects blocks of triples into a part, from which matrices are built. Files mostly list their entries in compressed
// order (all of one row, or column, after the other); then the major index is kept once a run instead of once an
// entry, and equal values once in all: 2 to 4 bytes an entry instead of 12. The first entry out of order, and the
// first other value, switch to the full arrays. Major = rows for CSR, columns for CSC.

import type { IndexArray } from "../sparse/matrix.ts";
import { type GrowingArray, makeGrowingF32, makeGrowingIndices, makeGrowingU32 } from "./growing-array.ts";

/** The entries of a file, or of a piece of one, in file order. All arrays are on shared memory. */
export interface TriplesPart {
  readonly nnz: number;
  /** Runs of one major index: majors strictly rising, run r ends before entry runEnds[r]; null when out of order. */
  readonly runs: { readonly majors: Uint32Array; readonly ends: Uint32Array } | null;
  /** nnz major indices when out of order, otherwise null. */
  readonly majors: Uint32Array | null;
  readonly minors: IndexArray;
  /** nnz values, or 1 when all are equal. */
  readonly values: Float32Array;
  /** Largest major index, -1 without entries. */
  readonly maxMajor: number;
  /** Which index is the major one. */
  readonly order: "rows" | "columns";
}

export class TriplesCollector {
  readonly #order: "rows" | "columns";
  readonly #minors: GrowingArray<Uint16Array | Uint32Array>;
  #runMajors = makeGrowingU32();
  #runEnds = makeGrowingU32();
  #majors: GrowingArray<Uint32Array> | null = null;
  #values: GrowingArray<Float32Array> | null = null;
  #value = 0;
  #nnz = 0;
  #lastMajor = -1;
  #lastMinor = -1;
  #maxMajor = -1;

  /** `order`: which index is the major one. `minorDimension` bounds the other one. */
  constructor(order: "rows" | "columns", minorDimension: number) {
    this.#order = order;
    this.#minors = makeGrowingIndices(minorDimension);
  }

  add(rows: Uint32Array, cols: Uint32Array, values: Float32Array, count: number): void {
    if (count === 0) return;
    const majors = this.#order === "rows" ? rows : cols;
    const minors = this.#order === "rows" ? cols : rows;
    if (this.#majors === null) this.#addRuns(majors, minors, count);
    else this.#addMajors(majors, 0, count);
    this.#addValues(values, count);
    this.#minors.append(minors, 0, count);
    this.#nnz += count;
  }

  finish(): TriplesPart {
    if (this.#lastMajor >= 0) this.#runEnds.push(this.#nnz);
    const ordered = this.#majors === null;
    const equal = new Float32Array(new SharedArrayBuffer(this.#nnz === 0 ? 0 : 4)).fill(this.#value);
    return {
      nnz: this.#nnz,
      runs: ordered ? { majors: this.#runMajors.join(), ends: this.#runEnds.join() } : null,
      majors: this.#majors?.join() ?? null,
      minors: this.#minors.join(),
      values: this.#values?.join() ?? equal,
      maxMajor: this.#maxMajor,
      order: this.#order,
    };
  }

  #addRuns(majors: Uint32Array, minors: Uint32Array, count: number): void {
    let lastMajor = this.#lastMajor;
    let lastMinor = this.#lastMinor;
    for (let p = 0; p < count; p++) {
      const major = majors[p]!;
      const minor = minors[p]!;
      if (major !== lastMajor) {
        if (major < lastMajor) return this.#leaveOrder(majors, p, count);
        if (lastMajor >= 0) this.#runEnds.push(this.#nnz + p);
        this.#runMajors.push(major);
        lastMajor = major;
      } else if (minor <= lastMinor) return this.#leaveOrder(majors, p, count);
      lastMinor = minor;
    }
    this.#lastMajor = lastMajor;
    this.#lastMinor = lastMinor;
    this.#maxMajor = lastMajor;
  }

  /** Spells the runs out, up to entry p of this block, and goes on with one major index an entry. */
  #leaveOrder(majors: Uint32Array, p: number, count: number): void {
    const all = makeGrowingU32();
    this.#runEnds.push(this.#nnz + p);
    const runMajors = this.#runMajors.join();
    const ends = this.#runEnds.join();
    let begin = 0;
    for (let r = 0; r < runMajors.length; r++) {
      all.appendFilled(runMajors[r]!, ends[r]! - begin);
      begin = ends[r]!;
    }
    this.#maxMajor = runMajors.at(-1) ?? -1;
    this.#lastMajor = -1;
    this.#runMajors = makeGrowingU32();
    this.#runEnds = makeGrowingU32();
    this.#majors = all;
    this.#addMajors(majors, p, count);
  }

  #addMajors(majors: Uint32Array, begin: number, end: number): void {
    for (let p = begin; p < end; p++) this.#maxMajor = Math.max(this.#maxMajor, majors[p]!);
    this.#majors?.append(majors, begin, end);
  }

  #addValues(values: Float32Array, count: number): void {
    if (this.#nnz === 0) this.#value = values[0]!;
    if (this.#values === null) {
      const value = this.#value;
      let p = 0;
      while (p < count && values[p] === value) p++;
      if (p === count) return;
      this.#values = makeGrowingF32();
      this.#values.appendFilled(value, this.#nnz);
    }
    this.#values.append(values, 0, count);
  }
}
