// The WebAssembly kernel sets: finding out what the runtime can do, compiling once, instantiating in every worker on
// the one shared memory.

import { UnsupportedError } from "../../core/errors.ts";
import type { FormatKernels } from "../format-kernels.ts";
import type { Kernels } from "../kernels.ts";
import { WASM_BASE64 as RELAXED } from "./generated/relaxed.ts";
import { WASM_BASE64 as SIMD } from "./generated/simd.ts";

export type WasmVariant = "relaxed" | "simd";

function bytesOf(variant: WasmVariant): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(variant === "relaxed" ? RELAXED : SIMD), (letter) => letter.charCodeAt(0));
}

/** True when this runtime accepts the variant (relaxed SIMD, or SIMD and threads at least). */
export function isWasmSupported(variant: WasmVariant): boolean {
  return typeof WebAssembly === "object" && WebAssembly.validate(bytesOf(variant));
}

/** @throws UnsupportedError where the runtime lacks what the variant needs. */
export async function compileWasmKernels(variant: WasmVariant): Promise<WebAssembly.Module> {
  if (!isWasmSupported(variant)) {
    throw new UnsupportedError(`kernel wasm-${variant}: this runtime lacks the WebAssembly features that it needs`);
  }
  return WebAssembly.compile(bytesOf(variant));
}

/** Kernels on `memory`, which must be shared with a maximum of 65536 pages. */
export function makeWasmKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  return instance.exports as unknown as Kernels;
}

/** Format kernels of the same module on `memory`, as for makeWasmKernels. */
export function makeWasmFormatKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): FormatKernels {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as FormatKernels;
}

/** What only the benchmark calls; see assembly/peak.ts. Addresses in bytes. */
export interface PeakProbe {
  streamAdds8(out: number, buffer: number, bytes: number, rounds: number): void;
  streamAdds16(out: number, buffer: number, bytes: number, rounds: number): void;
}

/** The probe of a compiled module on `memory`, as for makeWasmKernels. */
export function makePeakProbe(module: WebAssembly.Module, memory: WebAssembly.Memory): PeakProbe {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as PeakProbe;
}
