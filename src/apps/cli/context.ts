// What every command gets: the signal that ends it, and the way to say how it went. Data goes to stdout by `print`.

export interface CommandContext {
  /** Of the program. */
  readonly version: string;
  readonly signal: AbortSignal;
  /** Sets the exit status of a command that ran to its end; 0 unless it was called. */
  setStatus(status: number): void;
  /** What it would end with now. */
  readonly status: number;
}

/** One piece of data on stdout, with a line end. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** One line about the run on stderr, as errors are written. */
export function complain(text: string): void {
  process.stderr.write(`gossamer: ${text.replace(/\s*\n\s*/g, " ")}\n`);
}
