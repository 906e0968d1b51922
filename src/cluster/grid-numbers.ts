// The rows of a group by their local numbers: its own, then guests that came from saved states and from other groups.

export class GridNumbers {
  readonly #numbers: Uint32Array;
  #used: number;
  /** Pairs of numbers: rows that left because they equal one of another group. */
  readonly joined: number[] = [];

  /** @param own numbers of the group's rows among all; @param guests room for others */
  constructor(own: Uint32Array, guests: number) {
    this.#numbers = new Uint32Array(own.length + guests);
    this.#numbers.set(own);
    this.#used = own.length;
  }

  /** Numbers of all rows that are or were here. */
  get all(): Uint32Array {
    return this.#numbers.subarray(0, this.#used);
  }

  get room(): number {
    return this.#numbers.length - this.#used;
  }

  numberOf(row: number): number {
    return this.#numbers[row];
  }

  /** The local number of a row that comes in. */
  admit(number: number): number {
    this.#numbers[this.#used] = number;
    return this.#used++;
  }

  join(row: number, leader: number): void {
    this.joined.push(this.#numbers[row], leader);
  }
}
