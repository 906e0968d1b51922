// The catalog of kernel sets: a set enters the tests, the benchmark and `--kernel` by being listed here.

import { UnsupportedError } from "../core/errors.ts";
import type { FormatKernels } from "./format-kernels.ts";
import { makeJsFormatKernels } from "./js/js-format-kernels.ts";
import { makeJsKernels } from "./js/js-kernels.ts";
import type { Kernels } from "./kernels.ts";
import { compileWasmKernels, isWasmSupported, makeWasmFormatKernels, makeWasmKernels } from "./wasm/wasm-kernels.ts";

export const KERNEL_IDS = ["wasm-relaxed", "wasm-simd", "js"] as const;
export type KernelId = (typeof KERNEL_IDS)[number];

/** A kernel set ready to be sent to workers: a compiled module, or null for plain JavaScript. */
export interface CompiledKernels {
  readonly id: KernelId;
  readonly module: WebAssembly.Module | null;
}

/** The fastest set that this runtime runs. */
export function probeFastestKernel(): KernelId {
  if (isWasmSupported("relaxed")) return "wasm-relaxed";
  return isWasmSupported("simd") ? "wasm-simd" : "js";
}

/** @throws UnsupportedError where the runtime cannot run it. */
export async function compileKernels(id: KernelId): Promise<CompiledKernels> {
  switch (id) {
    case "wasm-relaxed":
      return { id, module: await compileWasmKernels("relaxed") };
    case "wasm-simd":
      return { id, module: await compileWasmKernels("simd") };
    case "js":
      return { id, module: null };
  }
}

/** Kernels of a compiled set on one memory. */
export function makeKernels(compiled: CompiledKernels, memory: WebAssembly.Memory): Kernels {
  if (compiled.id === "js") return makeJsKernels(memory);
  if (compiled.module === null) throw new UnsupportedError(`kernel ${compiled.id} has no compiled module`);
  return makeWasmKernels(compiled.module, memory);
}

/** Format kernels of a compiled set on one memory. */
export function makeFormatKernels(compiled: CompiledKernels, memory: WebAssembly.Memory): FormatKernels {
  if (compiled.id === "js") return makeJsFormatKernels(memory);
  if (compiled.module === null) throw new UnsupportedError(`kernel ${compiled.id} has no compiled module`);
  return makeWasmFormatKernels(compiled.module, memory);
}
