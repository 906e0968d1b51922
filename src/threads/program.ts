// What a team and the programs that it runs agree on. A program is a module that exports `startWorker`.

import type { Control } from "./control.ts";
import type { Fault } from "./faults.ts";

/** A worker's view of its team. */
export interface TeamWorker {
  readonly worker: number;
  readonly size: number;
  readonly control: Control;
  /** Sign of life, to be called at least a few times a second; `progress` is shown to the user. @throws InterruptedError */
  beat(progress: number): void;
  /** Waits for `parties` workers of the group that is named by its first worker. @throws InterruptedError */
  wait(group: number, parties: number): void;
}

/** Called once in each worker with the team's data; what it returns is called for each task. */
export type WorkerProgram = (data: unknown, team: TeamWorker) => (task: unknown) => unknown;

export interface WorkerSetup {
  readonly program: string;
  readonly data: unknown;
  readonly worker: number;
  readonly size: number;
  readonly control: Control;
  readonly fault: Fault | null;
  /** Spin at barriers: only when every worker can have a core. */
  readonly spin: boolean;
}

export type WorkerReply =
  | { readonly kind: "ready" }
  | { readonly kind: "done"; readonly result: unknown }
  | { readonly kind: "error"; readonly name: string; readonly message: string; readonly stack: string };
