// `gossamer infer` on one of several ranks: the same options and the same record. Rank 0 reads the truth, writes what
// there is one of, and prints.

import { agree } from "../../../cluster/agree.ts";
import { checkGrid, type GridShape } from "../../../cluster/grid-shape.ts";
import { inferGrid } from "../../../cluster/infer-grid.ts";
import { inferRows, type RanksRun, type RowsRunOptions } from "../../../cluster/infer-rows.ts";
import { writeRankOutput } from "../../../cluster/write-output.ts";
import type { World } from "../../../cluster/world.ts";
import { InvariantError, UsageError } from "../../../core/errors.ts";
import { readTruth, writeCategories } from "../../../data/truth.ts";
import type { InferenceResult } from "../../../engine/result.ts";
import { compareCategories } from "../../../network/categories.ts";
import { mergeRanks } from "../../../report/ranks-result.ts";
import { makeRunRecord } from "../../../report/run-record.ts";
import type { CommandContext } from "../context.ts";
import { engineOptionsOf } from "../engine-options.ts";
import { openProgress } from "../progress.ts";
import { reportRun } from "../report-run.ts";
import { processSeconds, runtimeFacts } from "../runtime.ts";
import { writeTrace } from "../trace-file.ts";
import { checkOutputs, checkTruthRows, type InferFlags } from "./infer.ts";

/** Collective. */
export async function inferOnRanks(
  world: World,
  model: string,
  flags: InferFlags,
  context: CommandContext,
): Promise<void> {
  const { signal, version } = context;
  const isFirst = world.rank === 0;
  const engine = await agree(world, () => {
    if (flags.checkpoint !== undefined && flags.activationFormat !== "tile") {
      throw new UsageError(
        "--checkpoint needs activations in tiles; other formats have nothing to save between layers",
      );
    }
    return { ...engineOptionsOf(flags, flags.output !== undefined), trace: flags.trace !== undefined };
  });
  await agree(world, () => {
    if (isFirst) checkOutputs(model, flags);
  });
  using progress = openProgress(flags.quiet === true || !isFirst);
  const truth = await agree(world, () => (flags.truth === undefined ? null : readTruth(flags.truth)));
  const grid = await agree(world, () => gridOf(flags, world.size));
  const options: RowsRunOptions = {
    model,
    input: flags.input,
    layers: flags.layers,
    bias: flags.bias,
    engine,
    redeal: flags.redeal,
    checkpoint: flags.checkpoint === undefined ? null : { folder: flags.checkpoint, seconds: flags.checkpointSeconds },
    version,
    signal,
    onStep: (step) => progress.step(step),
    onProgress: (share) => progress.update(share),
  };
  const run = grid === null ? await inferRows(world, options) : await inferGrid(world, grid, options);
  await agree(world, () => checkTruthRows(truth, flags.truth, run.nrows));
  progress.step("writing");
  await agree(world, async () => {
    if (isFirst && flags.categories !== undefined) await writeCategories(flags.categories, run.categories, signal);
  });
  if (flags.output !== undefined) await writeRankOutput(world, flags.output, { ...run, outputs: run.network.outputs });
  const figures = run.all === null ? null : mergeRanks(run.all, run.nrows * run.network.edges, run.seconds);
  await agree(world, async () => {
    if (figures === null || flags.trace === undefined) return;
    const workersByRank = run.all?.map((rank) => rank.run.workers.length);
    await writeTrace(flags.trace, resultOf(run, figures), signal, workersByRank);
  });
  await run.removeCheckpoint();
  progress.end();
  const comparison = truth === null ? null : compareCategories(run.categories, truth);
  // That the truth differs is rank 0's to say: a launcher ends the others when the first one has a status.
  if (run.all === null || figures === null) return;
  const record = await makeRunRecord(resultOf(run, figures), {
    network: run.network,
    truth: comparison,
    seed: flags.seed,
    readSeconds: run.seconds.read,
    prepareSeconds: 0,
    totalSeconds: processSeconds(),
    peakBytes: Math.max(...run.all.map((rank) => rank.figures.peakBytes)),
    runtime: runtimeFacts(),
    ranks: {
      figures: run.all.map((rank) => rank.figures),
      workers: run.all.map((rank) => rank.run.workers.length),
      redeal: grid === null ? flags.redeal : null,
      grid: grid === null ? null : `${grid.rowGroups}x${grid.columns}`,
      cuts: run.cuts,
      resumedLayer: run.resumedLayer,
    },
  });
  reportRun(record, comparison, flags, context);
}

/** The grid that splits neurons; null where only rows are split. @throws UsageError */
function gridOf({ grid }: InferFlags, ranks: number): GridShape | null {
  if (grid === undefined) return null;
  checkGrid(grid, ranks);
  return grid.columns === 1 ? null : grid;
}

function resultOf(run: RanksRun, figures: InferenceResult["figures"]): InferenceResult {
  return {
    nrows: run.nrows,
    outputs: run.network.outputs,
    categories: run.categories,
    activations() {
      throw new InvariantError("activations of ranks are written where they are");
    },
    figures,
  };
}
