// Which rows move between ranks so that all have the same work left, and whether that is worth it. Pure functions of
// counts and measured rates: every rank decides the same.

/** What a rank brings to the decision. */
export interface RankState {
  /** Rows that it still computes. */
  readonly rows: number;
  /** Measured seconds that it takes for one row and layer; null where it had none to measure. */
  readonly secondsPerRow: number | null;
  /** Rows that it could take in. */
  readonly room: number;
}

export interface Move {
  readonly from: number;
  readonly to: number;
  readonly rows: number;
}

/** Moves after which the time that each rank needs for a layer is the same, as far as whole rows and room allow. */
export function planMoves(ranks: readonly RankState[]): Move[] {
  const rates = fillRates(ranks);
  const total = ranks.reduce((sum, { rows }) => sum + rows, 0);
  const speed = rates.reduce((sum, rate) => sum + 1 / rate, 0);
  // Shares are rounded so that they add up: the running sum is rounded, not the share.
  let before = 0;
  const surplus = ranks.map(({ rows }, r) => {
    const after = before + total / rates[r] / speed;
    const wanted = Math.round(after) - Math.round(before);
    before = after;
    return rows - wanted;
  });
  const moves: Move[] = [];
  const room = ranks.map((rank) => rank.room);
  const takes = (rank: number): number => Math.min(-surplus[rank], room[rank]);
  let to = 0;
  for (let from = 0; from < ranks.length; from++) {
    while (surplus[from] > 0) {
      while (to < ranks.length && takes(to) <= 0) to++;
      if (to === ranks.length) return moves;
      const rows = Math.min(surplus[from], takes(to));
      moves.push({ from, to, rows });
      surplus[from] -= rows;
      surplus[to] += rows;
      room[to] -= rows;
    }
  }
  return moves;
}

/** Ranks that had nothing to measure are taken to be as fast as the mean of the others. */
function fillRates(ranks: readonly RankState[]): number[] {
  const known = ranks.flatMap(({ secondsPerRow }) =>
    secondsPerRow !== null && secondsPerRow > 0 ? [secondsPerRow] : [],
  );
  const mean = known.length === 0 ? 1 : known.reduce((sum, rate) => sum + rate, 0) / known.length;
  return ranks.map(({ secondsPerRow }) => (secondsPerRow !== null && secondsPerRow > 0 ? secondsPerRow : mean));
}

/** Cuts off the end of the rows of rank `from` what the moves take from it. @returns the rows kept, and those for each rank */
export function cutGiven(
  rows: Uint32Array,
  moves: readonly Move[],
  from: number,
  ranks: number,
): { readonly kept: Uint32Array; readonly given: readonly Uint32Array[] } {
  let kept = rows.length;
  const given = Array.from({ length: ranks }, (_, to) => {
    const end = kept;
    for (const move of moves) if (move.from === from && move.to === to) kept -= move.rows;
    return rows.subarray(kept, end);
  });
  return { kept: rows.subarray(0, kept), given };
}

/** What is known of the link between ranks, measured when the run began. */
export interface Link {
  readonly secondsPerMessage: number;
  readonly secondsPerByte: number;
}

export interface Outlook {
  /** Layers still to come. */
  readonly layersLeft: number;
  /** Share of the rows that lives through a layer, from the last segment. */
  readonly survival: number;
  readonly bytesPerRow: number;
  readonly link: Link;
}

export interface MoveWorth {
  /** Seconds that the slowest rank saves, and that moving takes. */
  readonly saved: number;
  readonly cost: number;
}

/** What the moves would save and cost. */
export function judgeMoves(ranks: readonly RankState[], moves: readonly Move[], outlook: Outlook): MoveWorth {
  const rates = fillRates(ranks);
  const after = ranks.map(({ rows }) => rows);
  const bytes = ranks.map(() => 0);
  for (const { from, to, rows } of moves) {
    after[from] -= rows;
    after[to] += rows;
    bytes[from] += rows * outlook.bytesPerRow;
    bytes[to] += rows * outlook.bytesPerRow;
  }
  const slowest = (rows: readonly number[]): number => Math.max(...rows.map((count, r) => count * rates[r]));
  const layers = expectedLayers(outlook);
  const { secondsPerByte, secondsPerMessage } = outlook.link;
  return {
    saved: (slowest(ranks.map(({ rows }) => rows)) - slowest(after)) * layers,
    cost: Math.max(...bytes) * secondsPerByte + moves.length * secondsPerMessage,
  };
}

/** What is done at a cut. */
export interface CutDecision {
  /** None where they are not worth it. */
  readonly moves: readonly Move[];
  /** Of the moves that were thought of; null where all is even. */
  readonly worth: MoveWorth | null;
}

/** @param evens whether all are to have as many rows afterwards, whatever it takes */
export function decideMoves(states: readonly RankState[], evens: boolean, outlook: Outlook): CutDecision {
  const moves = planMoves(evens ? states.map((one) => ({ ...one, secondsPerRow: null })) : states);
  if (moves.length === 0) return { moves, worth: null };
  const worth = judgeMoves(states, moves, outlook);
  return { moves: evens || worth.saved > worth.cost ? moves : [], worth };
}

/** Rows of all that move. */
export function countMoved(moves: readonly Move[]): number {
  return moves.reduce((sum, { rows }) => sum + rows, 0);
}

/** Layers that a row is expected to pass yet: survival + survival^2 + ... */
function expectedLayers({ layersLeft, survival }: Outlook): number {
  if (survival >= 1) return layersLeft;
  return (survival * (1 - survival ** layersLeft)) / (1 - survival);
}
