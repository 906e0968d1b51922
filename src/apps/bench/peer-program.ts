// The peer in C (bench/peer/spmm_avx512.c): compiled where a compiler and AVX-512 are, run on files in a temporary
// folder. Where it cannot be, the reason is given instead.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InvariantError } from "../../core/errors.ts";
import type { Network } from "../../network/network.ts";
import type { CsrMatrix } from "../../sparse/matrix.ts";

/** Weights into a neuron that the program is written for. */
const DEGREE = 32;
const FLAGS = ["-O3", "-march=native", "-pthread"];
const SOURCE = fileURLToPath(new URL("../../../bench/peer/spmm_avx512.c", import.meta.url));

export interface PeerSettings {
  readonly lanes: 16 | 32;
  readonly threads: number;
  /** Tiles that a thread takes through a layer before the next; default: what is fastest for 1024 neurons. */
  readonly batchTiles?: number;
}

export interface PeerOutput {
  readonly seconds: number;
  /** The program's output file: f32 activations for at most MAX_KEPT_ROWS rows, else one byte a row. */
  readonly output: Uint8Array<ArrayBuffer>;
}

export interface PeerProgram extends AsyncDisposable {
  readonly compiler: string;
  readonly flags: readonly string[];
  /** Writes the network and the inputs where `run` finds them. */
  writeProblem(network: Network, inputs: CsrMatrix): Promise<void>;
  run(settings: PeerSettings): Promise<PeerOutput>;
}

/** Rows up to which the program writes its activations. */
export const MAX_KEPT_ROWS = 4096;
/** Tiles that a thread takes through a layer before the next: the fastest of 1, 2, 4, 8 for 1024 neurons. */
const BATCH_TILES: Record<PeerSettings["lanes"], number> = { 16: 1, 32: 4 };

/** The compiled program, or why there is none. */
export async function openPeer(): Promise<PeerProgram | { readonly unavailable: string }> {
  const reason = await whyNoPeer();
  if (reason !== null) return { unavailable: reason };
  const folder = await mkdtemp(join(tmpdir(), "gossamer-peer-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const program = join(folder, "spmm_avx512");
  const built = spawnSync("cc", [...FLAGS, SOURCE, "-o", program], { encoding: "utf8" });
  if (built.status !== 0) {
    await remove();
    return { unavailable: `the peer does not compile: ${built.stderr.split("\n")[0]}` };
  }
  const version = spawnSync("cc", ["--version"], { encoding: "utf8" }).stdout.split("\n")[0] ?? "cc";
  const [networkFile, inputsFile, outputFile] = ["network", "inputs", "output"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  let problem: readonly string[] | null = null;
  return {
    compiler: version,
    flags: FLAGS,
    async writeProblem(network, inputs) {
      const [first] = network.layers;
      if (first === undefined) throw new InvariantError("network without layers");
      await writeNetwork(networkFile, network);
      const rowPtr = new Uint8Array(inputs.rowPtr.slice().buffer);
      const colIdx = new Uint8Array(Uint16Array.from(inputs.colIdx).buffer);
      await writeFile(inputsFile, Buffer.concat([rowPtr, colIdx]));
      problem = [network.inputs, network.layers.length, inputs.nrows, first.weights.values[0], first.bias[0]].map(
        String,
      );
    },
    async run({ lanes, threads, batchTiles = BATCH_TILES[lanes] }) {
      if (problem === null) throw new InvariantError("the peer has no problem to run");
      const [neurons, layers, rows, weight, bias] = problem as [string, string, string, string, string];
      const settings = [lanes, threads, batchTiles, 1].map(String);
      const args = [neurons, layers, rows, ...settings, weight, bias, networkFile, inputsFile, outputFile];
      const ran = spawnSync(program, args, { encoding: "utf8" });
      if (ran.status !== 0) throw new InvariantError(`the peer failed: ${ran.stderr.trim() || String(ran.signal)}`);
      const { seconds } = JSON.parse(ran.stdout) as { seconds: [number] };
      return { seconds: seconds[0], output: new Uint8Array(await readFile(outputFile)) };
    },
    [Symbol.asyncDispose]: remove,
  };
}

async function whyNoPeer(): Promise<string | null> {
  if (!existsSync(SOURCE)) return "its source is not installed (bench/peer)";
  const cpu = await readFile("/proc/cpuinfo", "utf8").catch(() => "");
  if (!/\bavx512f\b/.test(cpu)) return "this machine has no AVX-512";
  const compiler = spawnSync("cc", ["--version"], { stdio: "ignore" });
  return compiler.error === undefined && compiler.status === 0 ? null : "there is no C compiler (cc)";
}

/** u16 x layers x neurons x 32. @throws InvariantError for a network that the program is not written for. */
async function writeNetwork(path: string, network: Network): Promise<void> {
  await using file = await open(path, "w");
  for (const { weights, bias } of network.layers) {
    const isPlain = weights.nrows === weights.ncols && weights.values.length === 1 && bias.length === 1;
    if (!isPlain || weights.rowIdx.length !== DEGREE * weights.ncols || weights.rowIdx.BYTES_PER_ELEMENT !== 2) {
      throw new InvariantError("the peer computes square layers of 32 equal weights a column and one bias only");
    }
    await file.appendFile(new Uint8Array(weights.rowIdx.slice().buffer));
  }
}
