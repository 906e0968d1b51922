// Operations that were started. Each keeps its arrays alive until it is complete, since MPI goes on using their memory.
// `wait` asks and turns the event loop; the blocking forms stay in the library until the end.

import type { HandleArray } from "./abi/abi.ts";
import { poll, type WaitOptions } from "./poll.ts";
import { makeMpiError, type Session } from "./session.ts";

/** What a started operation becomes when it is complete; `status` holds the words of its MPI_Status. */
type Finish<R> = (status: Int32Array) => R;

/** An operation as the tiers above start it. */
export interface Operation<R> {
  /** The function's name in the standard. */
  readonly call: string;
  /** Everything that MPI reads or writes until the end. */
  readonly arrays: readonly unknown[];
  /** Calls it; the call writes the handle of the request. */
  readonly start: (handle: HandleArray) => void;
  readonly finish: Finish<R>;
}

const FLAG = new Int32Array(1);

export class Request<R> {
  readonly #session: Session;
  readonly #call: string;
  readonly #finish: Finish<R>;
  readonly #handle: HandleArray;
  readonly #status: Int32Array;
  #result: { readonly value: R } | null = null;

  /** @throws MpiError when the call refuses to start. */
  constructor(session: Session, { call, arrays, start, finish }: Operation<R>) {
    this.#session = session;
    this.#call = call;
    this.#finish = finish;
    this.#handle = session.abi.makeHandles(1);
    this.#status = new Int32Array(session.abi.status.words);
    start(this.#handle);
    session.pending.set(this, arrays);
  }

  get isComplete(): boolean {
    return this.#result !== null;
  }

  /** The result of a complete operation. @throws Error before that. */
  get value(): R {
    if (this.#result === null) throw new Error(`${this.#call} is not complete yet`);
    return this.#result.value;
  }

  /** Asks once whether the operation is complete. @throws MpiError when it has failed. */
  test(): boolean {
    if (this.#result !== null) return true;
    FLAG[0] = 0;
    const code = this.#session.calls.MPI_Test(this.#handle, FLAG, this.#status);
    if (code === 0 && FLAG[0] === 0) return false;
    this.#end(code, this.#status);
    return true;
  }

  /**
   * The result, once complete; the event loop turns meanwhile.
   * @throws MpiError when the operation fails or the time is over; InterruptedError by the signal. After these last two
   * the operation is still pending and still owns its arrays.
   */
  async wait(options: WaitOptions = {}): Promise<R> {
    await poll(() => this.test() || null, this.#session.rank, this.#call, options);
    return this.value;
  }

  /** As `wait`, but the whole thread stands still: no signal, timer or message is served. */
  waitBlocking(): R {
    if (this.#result === null) this.#end(this.#session.calls.MPI_Wait(this.#handle, this.#status), this.#status);
    return this.value;
  }

  /** Waits for all of them; the results are in their order. @throws as `wait`, for the first that fails. */
  static async all<R>(requests: readonly Request<R>[], options: WaitOptions = {}): Promise<R[]> {
    const [first] = requests;
    if (first !== undefined) {
      const ask = Request.#makeAsk(requests, "MPI_Testall");
      await poll(() => ask() || null, first.#session.rank, `${first.#call} and others`, options);
    }
    return requests.map((request) => request.value);
  }

  /** As `all`, but the whole thread stands still. */
  static allBlocking<R>(requests: readonly Request<R>[]): R[] {
    if (requests.length > 0) Request.#makeAsk(requests, "MPI_Waitall")();
    return requests.map((request) => request.value);
  }

  /** Makes the function that asks for all requests at once, true when all are complete. */
  static #makeAsk(requests: readonly Request<unknown>[], name: "MPI_Testall" | "MPI_Waitall"): () => boolean {
    const open = requests.filter((request) => !request.isComplete);
    if (open.length === 0) return () => true;
    const { abi, calls } = open[0].#session;
    const handles = abi.makeHandles(open.length);
    for (const [i, request] of open.entries()) handles[i] = request.#handle[0];
    const statuses = new Int32Array(open.length * abi.status.words);
    return () => {
      FLAG[0] = 1;
      const code =
        name === "MPI_Waitall"
          ? calls.MPI_Waitall(open.length, handles, statuses)
          : calls.MPI_Testall(open.length, handles, FLAG, statuses);
      if (code === 0 && FLAG[0] === 0) return false;
      endAll(code);
      return true;
    };

    /** After a failure some may be complete, some failed, and some go on. */
    function endAll(code: number): void {
      let failure: unknown = null;
      for (const [i, request] of open.entries()) {
        request.#handle[0] = handles[i];
        if (code !== 0 && handles[i] !== abi.requestNull) continue;
        const status = statuses.subarray(i * abi.status.words, (i + 1) * abi.status.words);
        try {
          // Only a call that failed fills in the errors of the single operations.
          request.#end(code === 0 ? 0 : status[abi.status.error], status);
        } catch (error) {
          failure ??= error;
        }
      }
      failure ??= code === 0 ? null : makeMpiError(open[0].#session, name, code);
      if (failure !== null) throw failure;
    }
  }

  #end(code: number, status: Int32Array): void {
    this.#session.pending.delete(this);
    if (code !== 0) throw makeMpiError(this.#session, this.#call, code);
    this.#result = { value: this.#finish(status) };
  }
}
