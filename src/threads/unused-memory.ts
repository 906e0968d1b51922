// What the process holds without need: garbage that nobody has collected yet, and pages that the C library keeps for
// allocations to come. After arrays of many megabytes that is a hundred megabytes or more, and differs from run to run.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * Gives it back to the system, as far as the runtime and the system can: garbage on any Node, pages with glibc. Nothing
 * depends on it. Costs some ten milliseconds.
 */
export async function returnUnusedMemory(): Promise<void> {
  try {
    // A context that is made while the flag is set has the function.
    setFlagsFromString("--expose-gc");
    const collect: unknown = runInNewContext("gc");
    setFlagsFromString("--no-expose-gc");
    if (typeof collect === "function") collect();
    if (process.platform !== "linux") return;
    const { loadForeign } = await import("../core/foreign.ts");
    loadForeign("libc.so.6").func("int malloc_trim(size_t pad)")(0);
  } catch {
    // Another runtime, or another C library: then it comes back later, or never.
  }
}
