// A rank's run between its segments: equal rows are joined across ranks, and rows that live on are dealt anew where that
// is worth more than the move. All ranks cut at the same layers and decide alike from what they tell each other.

import type { RowMode } from "../engine/options.ts";
import { FIRST_STAGE_LAYERS } from "../engine/stage-plan.ts";
import type { CutOutcome, MainRun, SegmentDriver, SegmentFigures } from "../engine/segments.ts";
import { Checkpointer, type CheckpointOptions, type FoundState, MAX_CHECKPOINT_LAYERS } from "./checkpointer.ts";
import { joinAcrossRanks } from "./join-rows.ts";
import { countMoved, decideMoves, type Link, type MoveWorth, type RankState } from "./move-plan.ts";
import { movedRowBytes, moveRows } from "./move-rows.ts";
import { type RowOutcomes, RowRegistry, viewRows } from "./row-registry.ts";
import { makeRowSharing } from "./row-sharing.ts";
import { allgatherValues, trafficSince, type World } from "./world.ts";

/**
 * `never`: every rank keeps its rows. `auto`: rows move where that is expected to save more time than it takes.
 * `always`: ranks are made equal after every few layers, whatever it takes.
 */
export const REDEAL_MODES = ["never", "auto", "always"] as const;
export type RedealMode = (typeof REDEAL_MODES)[number];

export interface RankDriverOptions {
  readonly world: World;
  readonly redeal: RedealMode;
  readonly rows: RowMode;
  /** Neurons after each layer. */
  readonly widths: readonly number[];
  /** Numbers of this rank's rows among all. */
  readonly numbers: Uint32Array;
  readonly link: Link;
  /** Set for a run that saves its state, with the state that it goes on from. */
  readonly checkpoint: { readonly options: CheckpointOptions; readonly found: FoundState | null } | null;
}

/** What happened at a cut. */
export interface CutRecord {
  /** Layers done by the rows that wait here: all of them at a cut, or those left when another rank had none. */
  readonly layer: number;
  /** Rows of every rank before, and rows that were joined and moved by all. */
  readonly rows: readonly number[];
  readonly joined: number;
  readonly moved: number;
  readonly worth: MoveWorth | null;
}

/** What this rank sent between two layers, and the time that it spent on exchanges, its wait for others included. */
export interface LayerTraffic {
  readonly layer: number;
  readonly bytesSent: number;
  readonly messagesSent: number;
  /** Null where exchanges overlap with computing and cannot be told apart. */
  readonly seconds: number | null;
}

export interface RankDriver extends SegmentDriver {
  readonly cuts: readonly CutRecord[];
  readonly traffic: readonly LayerTraffic[];
  readonly checkpointer: Checkpointer | null;
  /** Traffic before the ranks set out. */
  readonly trafficBefore: World["traffic"];
  /** After the run: what became of the rows that were here, and the activations of those that ended here. */
  outcomes(): RowOutcomes;
  activationsByNumber(): ReadonlyMap<number, Float32Array>;
}

/** The fewest guests that a rank has room for. */
const MIN_EXTRA_ROWS = 1024;

export function makeRankDriver(options: RankDriverOptions): RankDriver {
  const { world, widths, numbers, redeal, checkpoint } = options;
  const layers = widths.length;
  // Without rows that die all ranks go on with what they began with.
  const isAlone = world.size === 1 || redeal === "never" || (redeal === "auto" && options.rows === "all");
  const found = checkpoint?.found ?? null;
  // Who is first to end gets more rows, which would make ranks unequal where `always` wants them equal.
  const sharing = !isAlone && redeal === "auto";
  const extraRows = (isAlone ? 0 : Math.max(MIN_EXTRA_ROWS, numbers.length)) + (found?.waiting.length ?? 0);
  const registry = new RowRegistry(numbers, extraRows);
  const checkpointer = checkpoint === null ? null : new Checkpointer(world, checkpoint.options, registry, found);
  const cuts: CutRecord[] = [];
  const traffic: LayerTraffic[] = [];
  const work: Work = { rowLayers: 0, seconds: 0 };
  const trafficBefore = { ...world.traffic };
  let outcomes: RowOutcomes | null = null;
  const kept = new Map<number, Float32Array>();
  const noteTraffic = (layer: number, sent: World["traffic"]): void => {
    traffic.push({ layer, ...trafficSince(sent, world.traffic) });
  };
  const note = (round: CutRecord, sent: World["traffic"]): void => {
    cuts.push(round);
    noteTraffic(round.layer, sent);
  };
  return {
    extra: { rows: extraRows, areInputs: sharing },
    cuts,
    traffic,
    trafficBefore,
    checkpointer,
    // Ranks set out together: what one waits for another that prepares longer is no part of the inference.
    async ready() {
      await allgatherValues(world, null);
      Object.assign(trafficBefore, world.traffic);
    },
    ...(sharing ? { sharing: makeRowSharing({ ...options, registry, note }) } : {}),
    ...(checkpointer === null ? {} : { begin: (run: MainRun) => checkpointer.begin(run) }),
    openSegment(first) {
      const next = isAlone && checkpointer === null ? layers : nextCut(first, layers, redeal);
      return checkpointer === null ? next : Math.min(next, first + MAX_CHECKPOINT_LAYERS);
    },
    async betweenSegments(layer, run, segment) {
      const sent = { ...world.traffic };
      const outcome = isAlone
        ? { mergeFirst: false, isDone: run.pieces.rowCount === 0 && world.size === 1 }
        : await cut(options, registry, cuts, { layer, run, segment, work: addWork(work, segment) });
      noteTraffic(layer, sent);
      if (!outcome.isDone) await checkpointer?.save(run, layer, widths[layer - 1], run.pieces.listedRows());
      return outcome;
    },
    async beginPass(pending) {
      if (isAlone && checkpointer === null) return pending > 0;
      const all = await allgatherValues(world, pending);
      return all.some((count) => count > 0) || (checkpointer !== null && (await checkpointer.isAnyWaiting()));
    },
    end(run, rows) {
      outcomes = registry.outcomes(viewRows(run));
      for (const [row, values] of checkpointer?.finished ?? []) kept.set(row, values);
      for (const [row, values] of rows ?? []) kept.set(registry.numberOf(row), values);
    },
    outcomes() {
      if (outcomes === null) throw new Error("the run has not ended");
      return outcomes;
    },
    activationsByNumber: () => kept,
  };
}

/**
 * The first cut is where the first stage ends: until there a rank can be stopped, and a rank that has no row left says so.
 * Cuts come further and further apart: 5, 10, 20, ...; where rows must stay equal, 1, 2, 3, 4, 6, 8, 12, ...
 */
export function nextCut(first: number, layers: number, redeal: RedealMode): number {
  if (redeal === "auto") return Math.min(layers, first === 0 ? FIRST_STAGE_LAYERS : first * 2);
  const half = 2 ** Math.floor(Math.log2(Math.max(1, first)));
  const step = Math.max(1, half >> 1);
  return Math.min(layers, first + step);
}

interface CutAt {
  readonly layer: number;
  readonly run: MainRun;
  readonly segment: SegmentFigures;
  /** Of all segments up to here: a short one alone says little on a machine that is shared. */
  readonly work: Work;
}

async function cut(
  { world, redeal, rows, widths, link }: RankDriverOptions,
  registry: RowRegistry,
  cuts: CutRecord[],
  { layer, run, segment, work }: CutAt,
): Promise<CutOutcome> {
  const width = widths[layer - 1];
  let list = run.pieces.listedRows();
  const before = list.length;
  if (rows === "distinct") list = await joinAcrossRanks(world, run, registry, list, width);
  const secondsPerRow = work.rowLayers === 0 ? null : work.seconds / work.rowLayers;
  const state = { rows: list.length, secondsPerRow, room: roomOf(run, registry) };
  const all = await allgatherValues(world, { state, before, rowsAtStart: segment.rowsAtStart });
  const states: RankState[] = all.map((one) => one.state);
  const total = states.reduce((sum, one) => sum + one.rows, 0);
  const start = all.reduce((sum, one) => sum + one.rowsAtStart, 0);
  const survival = start === 0 ? 1 : Math.min(1, (total / start) ** (1 / (layer - segment.firstLayer)));
  const outlook = { layersLeft: widths.length - layer, survival, bytesPerRow: movedRowBytes(width), link };
  const { moves, worth } = decideMoves(states, redeal === "always", outlook);
  if (moves.length > 0) list = await moveRows(world, run, registry, moves, list, width);
  if (moves.length > 0 || list.length !== before) run.pieces.assign(list);
  const rowsBefore = all.map((one) => one.before);
  cuts.push({
    layer,
    rows: rowsBefore,
    joined: rowsBefore.reduce((sum, count) => sum + count, 0) - total,
    moved: countMoved(moves),
    worth,
  });
  return { mergeFirst: false, isDone: total === 0 };
}

function roomOf({ pieces }: MainRun, registry: RowRegistry): number {
  return Math.min(pieces.freeSlotCount, registry.room);
}

/** Rows times layers that this rank computed, and the seconds that it took. */
interface Work {
  rowLayers: number;
  seconds: number;
}

function addWork(work: Work, { seconds, rowLayers }: SegmentFigures): Work {
  work.rowLayers += rowLayers;
  work.seconds += seconds;
  return work;
}
