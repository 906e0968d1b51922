// Reads a network and its inputs at the same time with one pool of readers. What can be refused from names, sizes and
// headers is refused before either is read.

import { FormatError } from "../../core/errors.ts";
import { probeFile } from "../../data/byte-source.ts";
import { detectKind } from "../../data/file-kind.ts";
import { type NetworkOptions, openNetwork, readNetwork } from "../../data/read-network.ts";
import { openReaderPool } from "../../data/reader-pool.ts";
import { readInputs } from "../../data/read-inputs.ts";
import type { ReadProgress } from "../../data/read-options.ts";
import type { Network } from "../../network/network.ts";
import type { CsrMatrix } from "../../sparse/matrix.ts";

export interface ModelAndInputs {
  readonly network: Network;
  readonly inputs: CsrMatrix;
}

export interface ReadModelOptions extends NetworkOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (share: number) => void;
}

/** Below this readers of their own take longer to start than to read. */
const MIN_BYTES_FOR_POOL = 2 << 20;

/** @throws FormatError, UsageError, ResourceError, WorkerError, InterruptedError */
export async function readModelAndInputs(
  modelPath: string,
  inputsPath: string,
  options: ReadModelOptions,
): Promise<ModelAndInputs> {
  const { layers, bias, signal, onProgress } = options;
  const model = await probeModel(modelPath, { layers, bias });
  const kind = detectKind(inputsPath);
  if (kind === "challenge" || kind === "generated") {
    const what = kind === "challenge" ? "a folder of layers" : "a network that is made";
    throw new FormatError(inputsPath, null, `is ${what}, expected a file of inputs`);
  }
  const inputsBytes = probeFile(inputsPath).bytes;
  const total = Math.max(1, model.bytes + inputsBytes);
  const done = { network: 0, inputs: 0 };
  const follow =
    (part: keyof typeof done) =>
    ({ bytesDone }: ReadProgress): void => {
      done[part] = bytesDone;
      onProgress((done.network + done.inputs) / total);
    };
  await using pool = total < MIN_BYTES_FOR_POOL ? null : openReaderPool();
  const shared = { signal, ...(pool === null ? {} : { pool }) };
  // The inputs first: gzipped they are one long job, and the layers fill the other readers meanwhile.
  const [inputs, network] = await Promise.all([
    readInputs(inputsPath, { ...shared, ncols: model.inputs, onProgress: follow("inputs") }),
    readNetwork(modelPath, { ...shared, layers, bias, onProgress: follow("network") }),
  ]);
  return { network, inputs };
}

async function probeModel(path: string, options: NetworkOptions): Promise<{ inputs: number; bytes: number }> {
  await using source = await openNetwork(path, options);
  return { inputs: source.inputs, bytes: source.bytes };
}
