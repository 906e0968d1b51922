// The way of a group through the network: stage by stage, with a merge between two stages. All workers of a group run this
// same code and decide alike from the counts in the group's words.

import {
  estimateSharing,
  FIRST_STAGE_LAYERS,
  nextStageLayers,
  type SharingEstimate,
  type StageHistory,
  suitsNeurons,
} from "../stage-plan.ts";
import { pieceStart } from "../../partition/hashing.ts";
import { PIECE } from "../pieces.ts";
import { DEAD } from "../task.ts";
import { cutTiles } from "../tiles.ts";
import { makeBatch } from "./batch.ts";
import type { ColumnSplit } from "./column-share.ts";
import { runDataStage } from "./data-stage.ts";
import { batchesTaken, freeSlots, type Group, isLeader, meet, resetBatches } from "./group.ts";
import { orderByNonzeros } from "./input-order.ts";
import { joinEqualRows, type RowWidth, shortenList } from "./merge.ts";
import { runModelStage } from "./model-stage.ts";
import { noteRoom, stageBatchRows } from "./room.ts";
import { forBlocks } from "./row-blocks.ts";
import { entriesOf, mayDrop, type WorkerRun } from "./run.ts";
import { book } from "./tally.ts";

/** `rows`: batches of rows are dealt out. `neurons`: every layer is shared. `either`: what should be faster, stage by stage. */
export type Sharing =
  | { readonly by: "rows" }
  | { readonly by: "neurons"; readonly split: ColumnSplit }
  | { readonly by: "either" };

/** Takes the rows of the group through the whole network; every worker of the group calls it. */
export function runStages(run: WorkerRun, group: Group, sharing: Sharing): void {
  const { task, layers, words } = run;
  const { firstLayer, endLayer } = task;
  run.team.beat(firstLayer);
  if (group.rows === 0) return;
  const batch = makeBatch(run);
  if (isLeader(run, group)) {
    resetBatches(run, group);
    noteRoom(run, group);
  }
  meet(run, group, firstLayer);
  if (firstLayer === 0) dedupeInputs(run, group);
  else if (task.mergeFirst) merge(run, group, firstLayer, layers[firstLayer].nrows);
  let history = readHistory(run, group);
  for (let first = firstLayer; first < endLayer; ) {
    const before = words[group.countWord];
    if (before === 0) break;
    const end = stageEnd(run, first, history);
    const estimate = sharing.by === "either" ? estimateStage(run, group, first, end) : null;
    const byNeurons = estimate === null ? sharing.by === "neurons" : suitsNeurons(estimate);
    if (isLeader(run, group)) {
      const by = byNeurons ? "neurons" : "rows";
      run.tally.stages.push({ group: group.leader, firstLayer: first, endLayer: end, rows: before, by, estimate });
    }
    if (byNeurons) runModelStage(run, group, first, end, sharing.by === "neurons" ? sharing.split : "weights");
    else runDataStage(run, group, batch, first, end);
    meet(run, group, end);
    if (first === firstLayer) setPendingAside(run, group, byNeurons, end);
    if (end < layers.length) merge(run, group, end, layers[end - 1].ncols);
    history = { layers: end - first, removed: 1 - words[group.countWord] / before };
    first = end;
  }
  if (isLeader(run, group)) writeHistory(run, group, history);
}

/** Rows that the first stage found no room for, or was stopped before, leave the list; they lie behind its end. */
function setPendingAside(run: WorkerRun, group: Group, byNeurons: boolean, end: number): void {
  const { words } = run;
  if (isLeader(run, group)) {
    const count = words[group.countWord];
    const [first, last] = [group.words + PIECE.pendingFirst, group.words + PIECE.pendingEnd];
    if (!byNeurons && run.crew === null) {
      words[first] = Math.min(count, batchesTaken(run, group) * stageBatchRows(run, group, run.task.firstLayer, end));
    }
    words[last] = count;
    words[group.words + PIECE.reserved] = words[group.words + PIECE.capacity] - freeSlots(run, group);
    words[group.countWord] = words[first];
  }
  meet(run, group, end);
}

const REMOVED_UNIT = 2 ** 16;

function readHistory({ words }: WorkerRun, group: Group): StageHistory {
  return {
    layers: words[group.words + PIECE.stageLayers],
    removed: words[group.words + PIECE.stageRemoved] / REMOVED_UNIT,
  };
}

/** For the next segment. */
function writeHistory({ words }: WorkerRun, group: Group, { layers, removed }: StageHistory): void {
  words[group.words + PIECE.stageLayers] = layers;
  words[group.words + PIECE.stageRemoved] = Math.round(removed * REMOVED_UNIT);
}

/**
 * Where this stage ends. Rows that are never dropped nor merged need no stages. The first stage is short also where the
 * pool cannot hold all rows: rows without room go through it in turns, and batches are filled up again after it.
 */
function stageEnd({ task }: WorkerRun, first: number, history: StageHistory): number {
  return task.rowMode === "all" ? task.endLayer : Math.min(task.endLayer, first + nextStageLayers(history));
}

/** A stage whose rows the shared buffers cannot hold at once is not worth sharing by neurons. */
function estimateStage(run: WorkerRun, group: Group, first: number, end: number): SharingEstimate {
  const { task, layers, words } = run;
  const tiles = cutTiles(words[group.countWord], task.lanes);
  let edges = 0;
  for (let l = first; l < end; l++) edges += layers[l].nnz;
  const tileLanes = tiles.reduce((sum, tile) => sum + tile.lanes, 0);
  const estimate = estimateSharing(tiles.length, tileLanes, edges / (end - first), group.size, task.hasCores);
  return tileLanes <= task.sharedLanes ? estimate : { ...estimate, neurons: Infinity };
}

/** Joining input rows costs so many weights of the first stage an entry, about: 6 ns, at 20e9 weights a second. */
const JOIN_WEIGHTS_PER_ENTRY = 128;
/** Rows whose entries are counted, to know how many a row has. */
const COUNTED_ROWS = 64;

/** Whether a row equal to another should be found before the first stage; after it both are joined anyway. */
function paysToJoinInputs(run: WorkerRun, group: Group): boolean {
  const { task, layers, words } = run;
  if (task.rowMode !== "distinct") return false;
  const end = Math.min(task.endLayer, FIRST_STAGE_LAYERS);
  const weights = layers.slice(0, end).reduce((sum, { nnz }) => sum + nnz, 0);
  const count = words[group.countWord];
  const counted = Math.min(count, COUNTED_ROWS);
  let entries = 0;
  for (let k = 0; k < counted; k++) {
    entries += entriesOf(run, words[group.list + Math.floor((k * count) / counted)]);
  }
  return weights * counted >= JOIN_WEIGHTS_PER_ENTRY * entries;
}

/** Drops input rows of zeros where that is exact, joins equal ones where that pays, and brings them into a good order. */
function dedupeInputs(run: WorkerRun, group: Group): void {
  if (run.task.rowMode === "all") return;
  const started = performance.now();
  const joins = paysToJoinInputs(run, group);
  const count = run.words[group.countWord];
  const member = run.team.worker - group.leader;
  const from = pieceStart(count, member, group.size);
  const to = pieceStart(count, member + 1, group.size);
  forBlocks(run, 0, from, to, (first, end) => lookAtInputs(run, group.list, first, end, joins));
  book(run.tally, "merge", 0, to - from, started);
  meet(run, group, 0);
  if (joins) join(run, group, 0, null);
  regroup(run, group, 0, orderByNonzeros);
}

/** Marks rows without entries, and hashes the others if they are to be joined: first .. end-1 of the list. */
function lookAtInputs(run: WorkerRun, list: number, first: number, end: number, joins: boolean): void {
  const { task, kernels, words, leader, hash } = run;
  const { rowPtr, colIdx, idxBytes, values, valueStep } = run.inputs;
  const dropsEmpty = mayDrop(task, -1);
  for (let k = first; k < end; k++) {
    const row = words[list + k];
    const from = words[(rowPtr >>> 2) + row];
    const to = words[(rowPtr >>> 2) + row + 1];
    if (from === to && dropsEmpty) leader[row] = DEAD;
    else if (joins) hash[row] = kernels.hashCsrRow(from, to, colIdx, idxBytes, values, valueStep);
  }
}

/** Joins equal rows before layer l, `width` values each, and takes them off the list; ends with the group together. */
function merge(run: WorkerRun, group: Group, l: number, width: number): void {
  join(run, group, l, width);
  regroup(run, group, l);
}

function join(run: WorkerRun, group: Group, l: number, width: RowWidth): void {
  const started = performance.now();
  joinEqualRows(run, group, l, width);
  book(run.tally, "merge", l, run.words[group.countWord], started);
}

/** Shortens the list, once all of the group have come, and lets its batches be dealt anew; ends with the group together. */
function regroup(run: WorkerRun, group: Group, l: number, order?: (run: WorkerRun, group: Group) => void): void {
  meet(run, group, l);
  if (isLeader(run, group)) {
    const started = performance.now();
    shortenList(run, group, l);
    order?.(run, group);
    resetBatches(run, group);
    book(run.tally, "merge", l, 0, started);
  }
  meet(run, group, l);
}
