// Whether the layers of a network are streamed, and how much of the process's memory the engine may lay out.

import { totalmem } from "node:os";
import { UsageError } from "../../core/errors.ts";
import { probeFile } from "../../data/byte-source.ts";
import type { DirectLayers } from "../../data/direct-layers.ts";
import { type NetworkOptions, openNetwork } from "../../data/read-network.ts";
import type { NetworkSource } from "../../data/network-source.ts";
import type { RowMode } from "../../engine/options.ts";
import { availableCores } from "../../threads/team.ts";

/** `auto`: where the network is large, or does not fit with its inputs into the memory that there is or `--memory` allows. */
export const STREAM_MODES = ["auto", "always", "never"] as const;
export type StreamMode = (typeof STREAM_MODES)[number];

const MIB = 1024 * 1024;
/** What the process holds beside the shared memory: the runtime, and what passes through it while files are read. */
const PROCESS_BYTES = 160 * MIB;
const WORKER_BYTES = 16 * MIB;
/** Shared memory ends here. */
const MAX_ARENA_BYTES = 4096 * MIB;
/** Buffers and rows between layers want at least this. */
const ROOM_BYTES = 256 * MIB;
/** Reason: a compiled network of 1.4 GiB was read and placed in 42 s, and in 3 s where it was streamed. */
const LARGE_BYTES = 512 * MIB;
/** Share of the machine's memory that a run may take where no limit is given. */
const MACHINE_SHARE = 0.8;
/** Below this nothing can be computed: the engine's own least. */
const MIN_ARENA_BYTES = 16 * MIB;

export interface StreamFlags {
  readonly stream: StreamMode;
  readonly memory?: number;
  readonly workers?: number;
  readonly rows?: RowMode;
}

export interface StreamableNetwork extends NetworkSource {
  readonly direct: DirectLayers;
}

/** The network, opened, where its layers are streamed; null where it is to be read whole. @throws UsageError, and what opening throws */
export async function openForStreaming(
  model: string,
  inputs: string,
  flags: StreamFlags,
  options: NetworkOptions,
): Promise<StreamableNetwork | null> {
  if (flags.stream === "never") return null;
  const source = await openNetwork(model, { ...options, shared: false });
  const { direct } = source;
  if (direct !== null && (flags.stream === "always" || !fits(source.bytes, inputs, flags)))
    return { ...source, direct };
  await source.close();
  if (direct === null && flags.stream === "always") {
    throw new UsageError(
      `${model} cannot be streamed: its layers have to be parsed or turned; gossamer convert makes a file that can`,
    );
  }
  return null;
}

/**
 * Read whole, network and inputs are held twice: as they were read, and as the workers use them. A large network is better
 * streamed even where it fits, unless all rows go through all layers: placing every layer takes longer than it saves.
 */
function fits(networkBytes: number, inputs: string, flags: StreamFlags): boolean {
  if (networkBytes > LARGE_BYTES && flags.rows !== "all") return false;
  const held = networkBytes + inputsBytes(inputs);
  if (held + ROOM_BYTES > MAX_ARENA_BYTES) return false;
  const limit = flags.memory ?? totalmem() * MACHINE_SHARE;
  return 2 * held + ROOM_BYTES + ownBytes(flags) <= limit;
}

function ownBytes({ workers }: StreamFlags): number {
  return PROCESS_BYTES + (workers ?? availableCores()) * WORKER_BYTES;
}

/** As long as the file is there at all: reading it will say what is wrong. */
function inputsBytes(path: string): number {
  try {
    return probeFile(path).bytes;
  } catch {
    return 0;
  }
}

/**
 * Shared memory for a process that may hold `flags.memory` in all and holds `held` beside it; undefined without a limit.
 * Where the limit leaves too little, the least that works: such a limit is not kept.
 */
export function sharedMemoryBytes(flags: StreamFlags, held: number): number | undefined {
  if (flags.memory === undefined) return undefined;
  return Math.max(MIN_ARENA_BYTES, flags.memory - ownBytes(flags) - held);
}
