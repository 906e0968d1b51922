// Large pages for the shared memory. Linux gives memory in pages of 4 KiB when it is first written, which costs more than
// the rows that are written there; where a program asks for it, it gives 2 MiB at once.

/** From <sys/mman.h> of Linux, the same on all processors that Node runs on. */
const MADV_HUGEPAGE = 14;
const RESERVED_BYTES = 2 ** 32;

/**
 * Asks the system for large pages in all of a memory of at most 4 GiB, what it grows into included. Nothing depends on it:
 * where the system or the runtime has no such thing all goes on without. @returns whether the system agreed.
 */
export async function adviseHugePages(memory: WebAssembly.Memory): Promise<boolean> {
  if (process.platform !== "linux" || process.env["GOSSAMER_HUGE_PAGES"] === "never") return false;
  try {
    const { loadForeign } = await import("../core/foreign.ts");
    const madvise = loadForeign("libc.so.6").func("int madvise(void *address, size_t length, int advice)");
    return madvise(new Uint8Array(memory.buffer), RESERVED_BYTES, MADV_HUGEPAGE) === 0;
  } catch {
    return false;
  }
}
