// Between stages: equal rows are joined under one of them, then dead and joined rows leave the group's list. Joining is
// shared: every worker looks at the rows whose hash falls to it, and equal rows have equal hashes. A hash only proposes:
// rows are joined after a comparison of every byte.

import { DEAD, FINISHED_SLOT } from "../task.ts";
import type { Group } from "./group.ts";
import type { WorkerRun } from "./run.ts";

/** Compares two rows in full. */
type SameRow = (a: number, b: number) => boolean;

/** Joins equal rows of the group's list; every worker of the group calls it. A row joined is led by the first like it. */
export function joinEqualRows(run: WorkerRun, group: Group, isSame: SameRow): void {
  if (run.task.rowMode !== "distinct") return;
  const { words, leader, hash, slot } = run;
  const count = words[group.countWord];
  const member = run.team.worker - group.leader;
  const join = makeJoin(run, Math.ceil(count / group.size), isSame);
  for (let k = 0; k < count; k++) {
    if ((k & 0xfff) === 0) run.team.beat(0);
    const row = words[group.list + k];
    if ((hash[row] >>> 16) % group.size !== member) continue;
    if (leader[row] !== DEAD && slot[row] !== FINISHED_SLOT) join(row);
  }
}

/** Takes rows that are dead, joined or finished off the list; the group's first worker alone calls it. */
export function shortenList(run: WorkerRun, group: Group): void {
  const { words, leader, slot } = run;
  const count = words[group.countWord];
  let kept = 0;
  for (let k = 0; k < count; k++) {
    const row = words[group.list + k];
    if (leader[row] === row && slot[row] !== FINISHED_SLOT) words[group.list + kept++] = row;
  }
  words[group.countWord] = kept;
}

/** True for rows that hold the same in the pool, `width` values each. */
export function sameInPool(run: WorkerRun, width: number): SameRow {
  const { kernels, slot, task } = run;
  return (a, b) =>
    kernels.rowsEqual(task.pool + slot[a] * task.slotBytes, task.pool + slot[b] * task.slotBytes, width * 4) === 1;
}

/** True for input rows that hold the same entries. */
export function sameInInputs(run: WorkerRun): SameRow {
  const { kernels, words } = run;
  const { rowPtr, colIdx, idxBytes, values, valueStep } = run.inputs;
  return (a, b) => {
    const fromA = words[(rowPtr >>> 2) + a];
    const fromB = words[(rowPtr >>> 2) + b];
    const nnz = words[(rowPtr >>> 2) + a + 1] - fromA;
    if (words[(rowPtr >>> 2) + b + 1] - fromB !== nnz) return false;
    return (
      kernels.rowsEqual(colIdx + fromA * idxBytes, colIdx + fromB * idxBytes, nnz * idxBytes) === 1 &&
      kernels.rowsEqual(values + fromA * valueStep, values + fromB * valueStep, nnz * valueStep) === 1
    );
  };
}

/** A function that joins a row to the first equal one among those it was given before; `expected` of them at about. */
function makeJoin(run: WorkerRun, expected: number, isSame: SameRow): (row: number) => void {
  const { hash, leader, weight } = run;
  let size = 2 ** Math.ceil(Math.log2(3 * expected + 16));
  let table = new Int32Array(size).fill(-1);
  let used = 0;
  const grow = (): void => {
    const old = table;
    size *= 2;
    table = new Int32Array(size).fill(-1);
    for (const row of old) {
      if (row === -1) continue;
      let at = hash[row] & (size - 1);
      while (table[at] !== -1) at = (at + 1) & (size - 1);
      table[at] = row;
    }
  };
  return (row) => {
    let at = hash[row] & (size - 1);
    for (; table[at] !== -1; at = (at + 1) & (size - 1)) {
      const seen = table[at];
      if (hash[seen] !== hash[row] || !isSame(seen, row)) continue;
      leader[row] = seen;
      weight[seen] += weight[row];
      return;
    }
    table[at] = row;
    if (++used * 2 > size) grow();
  };
}
