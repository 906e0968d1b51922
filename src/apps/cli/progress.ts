// Progress on stderr, never on stdout: a bar on a terminal, otherwise a plain line now and then, nothing when quiet.

import { SingleBar } from "cli-progress";
import { formatSeconds } from "../../core/units.ts";

/** Without a terminal a long step says where it is this often, and a step shorter than LONG_MS says nothing. */
const LINE_EVERY_MS = 5_000;
const LONG_MS = 1_000;

export interface Progress extends Disposable {
  /** Begins a step; the step before it ends. */
  step(name: string): void;
  /** The share of the present step that is done, 0 to 1; a smaller one than before is not shown. */
  update(share: number): void;
  /** A line of its own, above the bar. */
  say(text: string): void;
  /** Ends the present step. */
  end(): void;
}

/** Sends to `stream`, or nowhere when `quiet`. */
export function openProgress(quiet: boolean, stream: NodeJS.WriteStream = process.stderr): Progress {
  if (quiet) return { step() {}, update() {}, say() {}, end() {}, [Symbol.dispose]() {} };
  return stream.isTTY ? openBars(stream) : openLines(stream);
}

function openBars(stream: NodeJS.WriteStream): Progress {
  let bar: SingleBar | null = null;
  let shown = 0;
  const end = (): void => {
    bar?.stop();
    bar = null;
  };
  return {
    step(name) {
      end();
      bar = new SingleBar({
        stream,
        format: `${name.padEnd(28)} {bar} {percentage} %`,
        barCompleteChar: "█",
        barIncompleteChar: "░",
        barsize: 30,
        clearOnComplete: true,
        gracefulExit: false,
        hideCursor: null,
      });
      shown = 0;
      bar.start(100, shown);
    },
    update(share) {
      shown = Math.max(shown, Math.floor(100 * Math.min(1, share)));
      bar?.update(shown);
    },
    say(text) {
      end();
      stream.write(`${text}\n`);
    },
    end,
    [Symbol.dispose]: end,
  };
}

function openLines(stream: NodeJS.WriteStream): Progress {
  let current: { readonly name: string; readonly started: number; lastLine: number } | null = null;
  const end = (): void => {
    const now = performance.now();
    if (current !== null && now - current.started >= LONG_MS) {
      stream.write(`${current.name}: ${formatSeconds((now - current.started) / 1000)}\n`);
    }
    current = null;
  };
  return {
    step(name) {
      end();
      const now = performance.now();
      current = { name, started: now, lastLine: now };
    },
    update(share) {
      const now = performance.now();
      if (current === null || now - current.lastLine < LINE_EVERY_MS) return;
      current.lastLine = now;
      stream.write(`${current.name}: ${Math.floor(100 * share)} %\n`);
    },
    say: (text) => void stream.write(`${text}\n`),
    end,
    // Thrown through, a step did not end: nothing is claimed about it.
    [Symbol.dispose]() {
      current = null;
    },
  };
}
