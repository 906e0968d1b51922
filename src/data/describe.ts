// What a file or folder holds, for `gossamer inspect`. Everything is read once and checked on the way, so a description
// is also a proof that the file is good. Networks are gone through layer by layer, in bounded memory.

import { FormatError } from "../core/errors.ts";
import { challengeBias, type LayerRule } from "../network/layer-rule.ts";
import type { Layer } from "../network/network.ts";
import { nnzOf } from "../sparse/matrix.ts";
import { probeFile, readChunks } from "./byte-source.ts";
import { findChallengeLayers, makeLayerJob, neuronsOfLayerName, openChallengeFolder } from "./challenge-folder.ts";
import { describeBinary, describeRows } from "./describe-rows.ts";
import { checkNotAborted } from "./file-errors.ts";
import { detectKind, type FileKind } from "./file-kind.ts";
import { openGeneratedNetwork } from "./generated-network.ts";
import { findInputs, INPUTS_FORMAT } from "./inputs-file.ts";
import { readMatrixMarketHead } from "./matrix-market.ts";
import { openNetworkFile } from "./network-file.ts";
import { eachLayer, type NetworkSource } from "./network-source.ts";
import { openInputSource } from "./open-input-source.ts";
import type { ReadJob, TripleEncoding } from "./read-job.ts";
import { type ReadOptions, runReadJobs } from "./read-options.ts";
import { openSafetensors } from "./safetensors-file.ts";
import { MAX_INPUT_ROWS } from "./triples.ts";
import { readTruth } from "./truth.ts";
import { factsOf, type MatrixFacts, type ValueFacts, valueFacts } from "./value-facts.ts";

export interface LayerFacts extends MatrixFacts {
  /** Null where the file has none and the challenge gives none for this number of neurons. */
  readonly bias: ValueFacts | null;
  readonly rule: LayerRule;
}

interface Common {
  readonly path: string;
  readonly format: FileKind;
  /** On disk, all layers of a folder together; of the arrays where a network is made on the fly. */
  readonly bytes: number;
}

export type FileDescription =
  | (Common & {
      readonly kind: "network";
      readonly inputs: number;
      readonly outputs: number;
      readonly edges: number;
      readonly layers: readonly LayerFacts[];
    })
  /** `inputs`: the file says that it holds inputs. `layer`: a file named as a layer. `triples`: either. */
  | (Common & { readonly kind: "inputs" | "layer" | "triples"; readonly matrix: MatrixFacts })
  | (Common & { readonly kind: "truth"; readonly count: number; readonly firstRow: number; readonly lastRow: number });

/** @throws FormatError for anything that is not read well; rows in the result are 1-based, as in the files. */
export async function describeFile(path: string, options: ReadOptions = {}): Promise<FileDescription> {
  const format = detectKind(path);
  switch (format) {
    case "challenge":
      return describeFolder(path, options);
    case "generated": {
      await using source = openGeneratedNetwork(path, { shared: false });
      return await describeNetwork(source, options, true);
    }
    case "safetensors":
      return describeSafetensors(path, options);
    case "matrix-market": {
      const { gzip, bytes } = probeFile(path);
      const { ncols } = await readMatrixMarketHead(path, gzip);
      await using source = await openInputSource(path, { ...options, ncols });
      return { kind: "triples", path, format, bytes, matrix: await describeRows(source, bytes, options) };
    }
    case "text":
      return (await isTruth(path)) ? describeTruth(path) : describeTriples(path, format, options);
    case "binary":
      return describeTriples(path, format, options);
  }
}

async function describeFolder(path: string, options: ReadOptions): Promise<FileDescription> {
  const known = challengeBias(findChallengeLayers(path).neurons);
  await using source = openChallengeFolder(path, { bias: known ?? 0 });
  return await describeNetwork(source, options, known !== null);
}

async function describeSafetensors(path: string, options: ReadOptions): Promise<FileDescription> {
  const ncols = await columnsOfInputs(path);
  if (ncols !== null) {
    const { bytes } = probeFile(path);
    await using source = await openInputSource(path, { ...options, ncols, shared: false });
    const matrix = await describeRows(source, bytes, options);
    return { kind: "inputs", path, format: "safetensors", bytes, matrix };
  }
  await using source = await openNetworkFile(path, { shared: false });
  return await describeNetwork(source, options, true);
}

async function describeNetwork(
  source: NetworkSource,
  options: ReadOptions,
  hasBias: boolean,
): Promise<FileDescription> {
  const layers: LayerFacts[] = [];
  for await (const layer of eachLayer(source)) {
    checkNotAborted(options.signal);
    layers.push(layerFacts(layer, hasBias));
    const filesDone = layers.length;
    const bytesDone = Math.round((source.bytes * filesDone) / source.layerCount);
    options.onProgress?.({ filesDone, filesTotal: source.layerCount, bytesDone, bytesTotal: source.bytes });
  }
  const { path, format, bytes, inputs, outputs } = source;
  const edges = layers.reduce((sum, layer) => sum + layer.nnz, 0);
  return { kind: "network", path, format, bytes, inputs, outputs, edges, layers };
}

function layerFacts({ weights, bias, rule }: Layer, hasBias: boolean): LayerFacts {
  const matrix = factsOf(weights.nrows, weights.ncols, nnzOf(weights), weights.values);
  return { ...matrix, bias: hasBias ? valueFacts(bias) : null, rule };
}

async function describeTriples(
  path: string,
  format: "text" | "binary",
  options: ReadOptions,
): Promise<FileDescription> {
  const { bytes, gzip } = probeFile(path);
  const neurons = neuronsOfLayerName(path);
  if (neurons !== null) {
    const [result] = await runReadJobs([makeLayerJob(path, neurons)], options, bytes, 1);
    const { values, rowIdx } = result!.layer!;
    return { kind: "layer", path, format, bytes, matrix: factsOf(neurons, neurons, rowIdx.length, values) };
  }
  if (format === "binary" && bytes > 0 && !gzip) {
    const matrix = await describeBinary(path, bytes, options);
    if (matrix !== null) return { kind: "triples", path, format, bytes, matrix };
  }
  const encoding: TripleEncoding = format;
  // Nothing says how many columns there are: the bound only keeps a stray number out.
  const job: ReadJob = { ...makeLayerJob(path, MAX_INPUT_ROWS), encoding, want: "part" };
  const [result] = await runReadJobs([job], options, bytes, 1);
  const part = result!.part!;
  let ncols = 0;
  for (const minor of part.minors) ncols = Math.max(ncols, minor + 1);
  if (part.nnz === 0) throw new FormatError(path, null, "the file holds no entries");
  return { kind: "triples", path, format, bytes, matrix: factsOf(part.maxMajor + 1, ncols, part.nnz, part.values) };
}

async function describeTruth(path: string): Promise<FileDescription> {
  const rows = await readTruth(path);
  const { bytes } = probeFile(path);
  const common = { path, format: "text", bytes } as const;
  return { kind: "truth", ...common, count: rows.length, firstRow: rows[0]! + 1, lastRow: rows.at(-1)! + 1 };
}

/** True for a text file whose first line is one number. */
async function isTruth(path: string): Promise<boolean> {
  const { gzip } = probeFile(path);
  for await (const chunk of readChunks({ path, gzip, begin: 0, end: 64 })) {
    return /^\s*\d+\s*(\n|$)/.test(new TextDecoder("latin1").decode(chunk));
  }
  return false;
}

/** Number of columns when the file says that it holds inputs, otherwise null. */
async function columnsOfInputs(path: string): Promise<number | null> {
  await using file = await openSafetensors(path);
  return file.header.metadata.get("format") === INPUTS_FORMAT ? findInputs(file).ncols : null;
}
