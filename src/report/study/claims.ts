// The claims of the field that records can speak to, each as a function from the points of one case to a verdict, the
// numbers behind it, and the reason as far as the records tell it. Source of the claims: Hasanzadeh Mofrad et al.,
// IEEE HPEC 2020 and its sister paper on data-then-model parallelism.

import { formatSeconds } from "../../core/units.ts";
import { atMostCores } from "./bar-layout.ts";
import { modeOfHashing } from "./hash-text.ts";
import { medianOf, type Point } from "./points.ts";
import { speedUps } from "./speedup-chart.ts";
import { waitShareOf } from "./summary-table.ts";

export const VERDICTS = [
  "holds",
  "holds, but not by the stride",
  "partly",
  "does not hold",
  "nothing to gain",
  "not measured",
] as const;
export type Verdict = (typeof VERDICTS)[number];

export interface ClaimResult {
  readonly verdict: Verdict;
  /** Sentences with the numbers, and why. */
  readonly sentences: readonly string[];
  /** Lines of records.jsonl. */
  readonly lines: readonly number[];
}

export interface Claim {
  readonly title: string;
  readonly judge: (points: readonly Point[]) => ClaimResult;
}

/** Less is balance: another few per cent of time lies within the scatter. */
const BALANCED = 1.05;
/** More is unfair enough for hashing to have something to do. */
const UNFAIR = 1.1;
/** Differences of time below this are not called faster or slower. */
const SAME_TIME = 0.05;

export const CLAIMS: readonly Claim[] = [
  {
    title: "Hashing the inputs balances data parallelism",
    judge: (points) => judgeBalance(points, "data", "input", "input rows"),
  },
  {
    title: "Hashing the layers balances model parallelism",
    judge: (points) => judgeBalance(points, "model", "layer", "columns"),
  },
  { title: "Hashing makes inference faster", judge: judgeFaster },
  { title: "Data-then-model is 10 to 65 % faster than the other strategies", judge: judgeDataThenModel },
  { title: "With hashing the speed-up is more than linear", judge: judgeSpeedUp },
  { title: "Auto is within 5 % of the best strategy", judge: judgeAuto },
];

function linesOf(points: readonly Point[]): number[] {
  return points.flatMap(({ records }) => records.map(({ line }) => line));
}

function notMeasured(what: string): ClaimResult {
  return { verdict: "not measured", sentences: [`The records have no ${what}.`], lines: [] };
}

/** Counts only: any number of workers, whatever the cores. */
function judgeBalance(points: readonly Point[], strategy: string, mode: string, pieces: string): ClaimResult {
  const mine = points.filter((point) => point.strategy === strategy && point.workers > 1);
  const plain = mine.filter(({ hashing }) => hashing === "none");
  const pairs = plain.flatMap((none) => {
    const hashed = mine.filter(
      (point) => modeOfHashing(point.hashing) === mode && point.label === none.label && point.workers === none.workers,
    );
    return hashed.length === 0 ? [] : [{ none, hashed }];
  });
  if (pairs.length === 0)
    return notMeasured(`${strategy} parallelism with several workers, without and with ${mode} hashing`);
  const sentences = pairs.map(({ none, hashed }) => {
    const after = hashed
      .map((point) => `${point.imbalance.toFixed(3)} (${point.first.settings.hashMethod})`)
      .join(", ");
    return `${none.label}, ${none.workers} workers: largest over mean of computed edges ${none.imbalance.toFixed(3)} without hashing, with it ${after}.`;
  });
  const unfair = pairs.filter(({ none }) => none.imbalance > UNFAIR);
  const cured = unfair.filter(({ hashed }) => hashed.some(({ imbalance }) => imbalance < BALANCED));
  for (const { hashed } of unfair) {
    for (const point of hashed.filter(({ imbalance }) => imbalance >= BALANCED)) sentences.push(whyUneven(point, mode));
  }
  if (unfair.length === 0) sentences.push(`The ${pieces} came in an order that was fair already.`);
  const hasStrideFailed = unfair.some(({ hashed }) =>
    hashed.some(({ first, imbalance }) => first.settings.hashMethod === "stride" && imbalance >= BALANCED),
  );
  const verdict =
    unfair.length === 0
      ? "nothing to gain"
      : cured.length === unfair.length
        ? hasStrideFailed
          ? "holds, but not by the stride"
          : "holds"
        : cured.length > 0
          ? "partly"
          : "does not hold";
  return {
    verdict,
    sentences: [...new Set(sentences)],
    lines: linesOf(pairs.flatMap(({ none, hashed }) => [none, ...hashed])),
  };
}

/** The stride permutation has parts of its own; what remains uneven under it has a cause that counts show. */
function whyUneven({ first, workers, imbalance, hashing }: Point, mode: string): string {
  const items = mode === "input" ? first.rows : first.network.inputs;
  const rest = `${hashing} with ${workers} workers leaves ${imbalance.toFixed(3)}`;
  if (first.settings.hashMethod === "stride") {
    const parts = 128 * workers;
    const height = Math.floor(items / parts);
    if (height <= 1) {
      return `${rest}: the stride permutation cuts ${items} items into ${parts} parts of ${height}, which moves nothing.`;
    }
    return (
      `${rest}: the stride permutation gives a worker 128 neighbours out of every ${parts}, ` +
      "so whatever lies together within one such stretch stays together."
    );
  }
  if (first.settings.hashMethod === "random") return `${rest}: what a random order deals differs by chance.`;
  return `${rest}: pieces of equal nonzeros are not pieces of equal work, because rows with equal nonzeros live differently long.`;
}

/** Per strategy, at the most workers that there are cores for. */
function judgeFaster(points: readonly Point[]): ClaimResult {
  const timed = atMostCores(points).filter(({ isOversubscribed }) => !isOversubscribed);
  const used: Point[] = [];
  const results = timed
    .filter(({ hashing }) => hashing === "none")
    .flatMap((none) => {
      const hashed = timed.filter(({ label, hashing }) => label === none.label && hashing !== "none");
      const best = hashed.toSorted((a, b) => a.inferSeconds.median - b.inferSeconds.median)[0];
      if (best === undefined) return [];
      used.push(none, ...hashed);
      return [
        { none, best, gain: none.inferSeconds.median / best.inferSeconds.median - 1, isClear: areApart(best, none) },
      ];
    });
  if (results.length === 0) return notMeasured("times of one strategy without and with hashing");
  const faster = results.filter(({ gain, isClear }) => gain > SAME_TIME && isClear);
  const sentences = results.map(({ none, best, gain, isClear }) => {
    const times = `${formatSeconds(none.inferSeconds.median)} without, ${formatSeconds(best.inferSeconds.median)} with the best hashing (${best.hashing})`;
    const change = gain > SAME_TIME && isClear ? `${percent(gain)} faster` : "no clear difference";
    return `${none.label}: ${times}: ${change}. ${whyFaster(none, best)}`;
  });
  const verdict = faster.length === results.length ? "holds" : faster.length > 0 ? "partly" : "does not hold";
  return { verdict, sentences, lines: linesOf(used) };
}

function whyFaster(none: Point, best: Point): string {
  const balance = `imbalance ${none.imbalance.toFixed(2)} became ${best.imbalance.toFixed(2)}`;
  return `Workers were not busy ${idleText(none)} of the time without and ${idleText(best)} with it; ${balance}.`;
}

function idleText({ records }: Point): string {
  return percent(medianOf(records.map(({ record }) => waitShareOf(record))));
}

function samplesOf({ records }: Point): number[] {
  return records.map(({ record }) => record.seconds.infer);
}

/** The samples of the one are all below those of the other. */
function areApart(fast: Point, slow: Point): boolean {
  return Math.max(...samplesOf(fast)) < Math.min(...samplesOf(slow));
}

/** Against the static and the dynamic strategies alike, hashing by hashing. */
function judgeDataThenModel(points: readonly Point[]): ClaimResult {
  const timed = atMostCores(points).filter(({ isOversubscribed, workers }) => !isOversubscribed && workers > 1);
  const mine = timed.filter(({ strategy }) => strategy === "data-then-model");
  const comparisons = mine.flatMap((point) =>
    timed
      .filter(({ strategy }) => !["data-then-model", "auto"].includes(strategy))
      .filter(({ hashing, ground }) => hashing === point.hashing && ground === point.ground)
      .map((other) => ({ point, other, gain: other.inferSeconds.median / point.inferSeconds.median - 1 })),
  );
  if (comparisons.length === 0) return notMeasured("times of data-then-model beside other strategies");
  const sentences = mine.map((point) => {
    const texts = comparisons
      .filter((comparison) => comparison.point === point)
      .map(({ other, gain }) => `${other.label} ${gain >= 0 ? "slower" : "faster"} by ${percent(Math.abs(gain))}`);
    return `${point.label}, hashing ${point.hashing}, ${formatSeconds(point.inferSeconds.median)}: ${texts.join(", ")}.`;
  });
  const clear = comparisons.filter(({ point, other, gain }) => gain >= 0.1 && areApart(point, other)).length;
  const verdict = clear === comparisons.length ? "holds" : clear > 0 ? "partly" : "does not hold";
  sentences.push(
    "It helps as far as plain data parallelism leaves workers idle at the end; balanced pieces leave nothing to share.",
  );
  return {
    verdict,
    sentences,
    lines: linesOf([...new Set(comparisons.flatMap(({ point, other }) => [point, other]))]),
  };
}

function judgeSpeedUp(points: readonly Point[]): ClaimResult {
  const several = speedUps(points).filter(({ workers }) => workers > 1);
  if (several.length === 0) return notMeasured("times with one worker and with several");
  const best = several.toSorted((a, b) => b.speedUp / b.workers - a.speedUp / a.workers);
  const above = several.filter(
    ({ workers, speedUp, hashing, isClear }) => hashing !== "none" && isClear && speedUp > workers * (1 + SAME_TIME),
  );
  const show = ({ label, hashing, workers, speedUp }: (typeof several)[number]): string =>
    `${label}, hashing ${hashing}: ${speedUp.toFixed(2)} times as fast with ${workers} workers`;
  const [first] = best;
  const last = best.at(-1);
  const sentences = [
    ...(first === undefined ? [] : [`The largest speed-up for its workers: ${show(first)}.`]),
    ...(last === undefined ? [] : [`The smallest: ${show(last)}.`]),
    "The baseline is the same strategy and hashing with one worker, which reads the same rows in the same order.",
  ];
  const used = points.filter(({ isOversubscribed }) => !isOversubscribed);
  return { verdict: above.length > 0 ? "partly" : "does not hold", sentences, lines: linesOf(used) };
}

function judgeAuto(points: readonly Point[]): ClaimResult {
  const timed = atMostCores(points).filter(({ isOversubscribed }) => !isOversubscribed);
  const pairs = timed
    .filter(({ strategy, hashing }) => strategy === "auto" && hashing === "none")
    .flatMap((auto) => {
      const others = timed.filter(({ strategy, ground }) => strategy !== "auto" && ground === auto.ground);
      const best = others.toSorted((a, b) => a.inferSeconds.median - b.inferSeconds.median)[0];
      return best === undefined ? [] : [{ auto, best, ratio: auto.inferSeconds.median / best.inferSeconds.median }];
    });
  if (pairs.length === 0) return notMeasured("times of auto beside other strategies");
  const sentences = pairs.map(
    ({ auto, best, ratio }) =>
      `${auto.label === "auto" ? "Auto" : auto.label} without hashing took ${formatSeconds(auto.inferSeconds.median)}, the best of the others ` +
      `(${best.label}, hashing ${best.hashing}) ${formatSeconds(best.inferSeconds.median)}: ${ratio.toFixed(2)} times.`,
  );
  const within = pairs.filter(({ ratio }) => ratio <= 1 + SAME_TIME).length;
  const verdict = within === pairs.length ? "holds" : within > 0 ? "partly" : "does not hold";
  return { verdict, sentences, lines: linesOf([...new Set(pairs.flatMap(({ auto, best }) => [auto, best]))]) };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
