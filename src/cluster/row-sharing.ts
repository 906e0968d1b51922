// Rows that change hands while others are computed. Ranks have their shares of the rows and are not equally fast: as soon
// as one of them has none left all stop, and the rows that nobody has begun with are dealt anew by what each rank has been
// seen to do. A few such rounds leave less than dealing once more would cost.

import type { LeftRows, RowSharing } from "../engine/sharing.ts";
import { InputGuests } from "./input-guests.ts";
import {
  countMoved,
  judgeMoves,
  type Link,
  type Move,
  type MoveWorth,
  planMoves,
  type RankState,
} from "./move-plan.ts";
import { movedRowBytes, moveRows } from "./move-rows.ts";
import type { CutRecord } from "./rank-driver.ts";
import type { RowRegistry } from "./row-registry.ts";
import { allgatherValues, type Finish, type Traffic, type World } from "./world.ts";

/** A round must save this much, in seconds: workers end their batches, come back and set out again. */
const ROUND_SECONDS = 0.005;
const MAX_ROUNDS = 8;

export interface RowSharingOptions {
  readonly world: World;
  readonly registry: RowRegistry;
  /** Neurons after each layer. */
  readonly widths: readonly number[];
  readonly link: Link;
  /** Called after every round, with what had been sent before it. */
  readonly note: (round: CutRecord, before: Traffic) => void;
}

/** What a rank tells the others after a round. */
interface RoundState extends Cargo {
  readonly rows: number;
  readonly secondsPerRow: number | null;
  readonly rowRoom: number;
}

/** Rows that are left, as what would have to be sent. */
interface Cargo {
  /** Units (entries of inputs, or slots) that there is room for, and those of the row that needs most. */
  readonly unitRoom: number;
  readonly longest: number;
  /** Of all rows in a message. */
  readonly bytes: number;
  /** How they lie in memory: rows move between like ones only. */
  readonly form: string;
}

export function makeRowSharing({ world, registry, widths, link, note }: RowSharingOptions): RowSharing {
  let finish: Finish | null = null;
  let guests: InputGuests | null = null;
  let rows = 0;
  let startedMs = 0;
  let rounds = 0;
  let done = { rows: 0, seconds: 0 };

  return {
    watch(count, stop) {
      rows = count;
      startedMs = performance.now();
      return (finish = world.openFinish(stop));
    },
    async share(left) {
      done.seconds += (performance.now() - startedMs) / 1000;
      done.rows += rows - left.rows.length;
      rounds++;
      const before = { ...world.traffic };
      await finish?.reached();
      const all = await allgatherValues<RoundState>(world, {
        rows: left.rows.length,
        secondsPerRow: done.rows === 0 ? null : done.seconds / done.rows,
        rowRoom: registry.room,
        ...describe(left),
      });
      const plan = planRound(all);
      const isWorth = plan !== null && rounds < MAX_ROUNDS && isGain(plan.worth);
      const next = isWorth ? await move(left, plan.moves) : null;
      const moved = isWorth ? countMoved(plan.moves) : 0;
      const counts = all.map((one) => one.rows);
      note({ layer: left.layer, rows: counts, joined: 0, moved, worth: plan?.worth ?? null }, before);
      if (next === null) {
        rounds = 0;
        done = { rows: 0, seconds: 0 };
      }
      return next;
    },
  };

  function describe({ run, rows: left, layer, inputs }: LeftRows): Cargo {
    if (inputs !== null) return (guests ??= new InputGuests(inputs, run, registry)).describe(left);
    const bytes = left.length * movedRowBytes(widths[layer - 1]);
    return { unitRoom: run.pieces.freeSlotCount, longest: 1, bytes, form: "activations" };
  }

  function move({ run, rows: left, layer, inputs }: LeftRows, moves: readonly Move[]): Promise<Uint32Array> {
    if (inputs !== null && guests !== null) return guests.move(world, moves, left);
    return moveRows(world, run, registry, moves, left, widths[layer - 1]);
  }

  function planRound(all: readonly RoundState[]): { moves: Move[]; worth: MoveWorth } | null {
    if (all.some(({ form }) => form !== all[0].form)) return null;
    const longest = Math.max(1, ...all.map((one) => one.longest));
    const states = all.map(
      (one): RankState => ({
        rows: one.rows,
        secondsPerRow: one.secondsPerRow,
        room: Math.min(one.rowRoom, Math.floor(one.unitRoom / longest)),
      }),
    );
    const moves = planMoves(states);
    if (moves.length === 0) return null;
    const total = all.reduce((sum, one) => sum + one.rows, 0);
    const bytesPerRow = all.reduce((sum, one) => sum + one.bytes, 0) / total;
    return { moves, worth: judgeMoves(states, moves, { layersLeft: 1, survival: 1, bytesPerRow, link }) };
  }
}

function isGain({ saved, cost }: MoveWorth): boolean {
  return saved > cost + ROUND_SECONDS;
}
