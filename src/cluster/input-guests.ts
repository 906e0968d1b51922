// The inputs of a rank in shared memory, with the guests among them: rows of other ranks' inputs, whose entries lie behind
// the rank's own. A message holds, for one rank: counts, then number, weight and length of every row, column indices, and
// values (none where all are equal).

import type { SharedRun } from "../engine/sharing.ts";
import type { PlacedInputs } from "../engine/task.ts";
import { cutGiven, type Move } from "./move-plan.ts";
import { type RowRegistry, viewRows } from "./row-registry.ts";
import type { World } from "./world.ts";

const HEAD_WORDS = 2;
/** Words of a row beside its entries: number, weight, length. */
const FACTS = 3;

export class InputGuests {
  readonly #inputs: PlacedInputs;
  readonly #run: SharedRun;
  readonly #registry: RowRegistry;
  /** Where each row begins, and at #rows the end of all. */
  readonly #rowPtr: Uint32Array;
  #rows: number;
  /** Entries that there is room for, guests' among them. */
  readonly #capacity: number;

  constructor(inputs: PlacedInputs, run: SharedRun, registry: RowRegistry) {
    this.#inputs = inputs;
    this.#run = run;
    this.#registry = registry;
    this.#rowPtr = new Uint32Array(run.memory.buffer, inputs.rowPtr, inputs.nrows + run.inputRoom.rows + 1);
    this.#rows = inputs.nrows;
    this.#capacity = this.#rowPtr[this.#rows] + run.inputRoom.entries;
  }

  /** These rows, as what would have to be sent. */
  describe(rows: Uint32Array): { unitRoom: number; longest: number; bytes: number; form: string } {
    const { idxBytes, valueStep, values, isSorted } = this.#inputs;
    const lengths = Array.from(rows, (row) => this.#lengthOf(row));
    const entries = lengths.reduce((sum, length) => sum + length, 0);
    const value = valueStep === 0 ? new Float32Array(this.#run.memory.buffer, values, 1)[0] : "each its own";
    return {
      unitRoom: this.#capacity - this.#rowPtr[this.#rows],
      longest: lengths.reduce((most, length) => Math.max(most, length), 0),
      bytes: entries * (idxBytes + valueStep),
      form: `${idxBytes} bytes an index, value ${value}, ${isSorted ? "sorted" : "in any order"}`,
    };
  }

  #lengthOf(row: number): number {
    return this.#rowPtr[row + 1] - this.#rowPtr[row];
  }

  /**
   * Carries out the moves: a rank sends the rows at the end of `rest` (local numbers). @returns the rows that it has to
   * begin with afterwards. Collective.
   */
  async move(world: World, moves: readonly Move[], rest: Uint32Array): Promise<Uint32Array> {
    const { kept, given } = cutGiven(rest, moves, world.rank, world.size);
    const received = await world.exchange(given.map((rows) => this.#pack(rows)));
    const admitted = received.flatMap((message) => Array.from(this.#admit(message)));
    return Uint32Array.from([...kept, ...admitted]);
  }

  #pack(rows: Uint32Array): Uint8Array {
    if (rows.length === 0) return new Uint8Array();
    const views = viewRows(this.#run);
    const entries = rows.reduce((sum, row) => sum + this.#lengthOf(row), 0);
    const facts = (HEAD_WORDS + rows.length * FACTS) * 4;
    const message = new Uint8Array(facts + indexBytes(this.#inputs, entries) + entries * this.#inputs.valueStep);
    const words = new Uint32Array(message.buffer, 0, facts / 4);
    words.set([rows.length, entries]);
    let at = 0;
    for (const [k, row] of rows.entries()) {
      words.set([this.#registry.numberOf(row), views.weight[row], this.#lengthOf(row)], HEAD_WORDS + k * FACTS);
      this.#copy(message, facts, entries, at, row, "out");
      at += this.#lengthOf(row);
      this.#registry.release(views, row);
    }
    return message;
  }

  /** Gives every row of a message its place here. */
  #admit(message: Uint8Array): Uint32Array {
    if (message.length === 0) return new Uint32Array();
    const head = new Uint32Array(message.buffer, message.byteOffset, HEAD_WORDS);
    const [count, entries] = head;
    const facts = new Uint32Array(message.buffer, message.byteOffset + HEAD_WORDS * 4, count * FACTS);
    const rows = this.#registry.admit(Uint32Array.from({ length: count }, (_, k) => facts[k * FACTS]));
    const views = viewRows(this.#run);
    // Rows that came between have no inputs here.
    this.#rowPtr.fill(this.#rowPtr[this.#rows], this.#rows, rows[0] + 1);
    let at = 0;
    for (const [k, row] of rows.entries()) {
      const length = facts[k * FACTS + 2];
      views.weight[row] = facts[k * FACTS + 1];
      this.#rowPtr[row + 1] = this.#rowPtr[row] + length;
      this.#copy(message, (HEAD_WORDS + count * FACTS) * 4, entries, at, row, "in");
      at += length;
      this.#rows = row + 1;
    }
    return rows;
  }

  /** Copies the entries of a row out of memory, or into it: in the message they are the entries from `at` on of `entries`. */
  #copy(message: Uint8Array, first: number, entries: number, at: number, row: number, way: "in" | "out"): void {
    const { colIdx, idxBytes, values, valueStep } = this.#inputs;
    const copy = (address: number, size: number, offset: number): void => {
      const placed = new Uint8Array(
        this.#run.memory.buffer,
        address + this.#rowPtr[row] * size,
        this.#lengthOf(row) * size,
      );
      const sent = message.subarray(offset + at * size, offset + at * size + placed.length);
      if (way === "in") placed.set(sent);
      else sent.set(placed);
    };
    copy(colIdx, idxBytes, first);
    if (valueStep > 0) copy(values, valueStep, first + indexBytes(this.#inputs, entries));
  }
}

/** Of the indices in a message: values begin at whole words. */
function indexBytes({ idxBytes }: PlacedInputs, entries: number): number {
  return Math.ceil((entries * idxBytes) / 4) * 4;
}
