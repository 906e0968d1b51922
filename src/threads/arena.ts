// One shared WebAssembly memory and a bump allocator over it. Regions are taken in order and given back all at once, down
// to a mark: what lives as long as a network lies below what lives as long as a run.

import { ResourceError } from "../core/errors.ts";
import { formatBytes } from "../core/units.ts";

/** A 32-bit address reaches 65536 pages of 64 KiB: 4 GiB. */
const PAGE_BYTES = 65_536;
const MAX_PAGES = 65_536;
const ALIGNMENT = 64;

export interface Arena {
  readonly memory: WebAssembly.Memory;
  /** No more than this is taken. */
  readonly limitBytes: number;
  /** Bytes in use, and the most that ever were. */
  readonly usedBytes: number;
  readonly peakBytes: number;
  /** Takes `bytes` bytes (64-byte aligned, not cleared) for `what`. @throws ResourceError when the limit or the system's memory ends. */
  allocate(bytes: number, what: string): number;
  /** The present end, for `release`. */
  mark(): number;
  /** Gives back everything taken since `mark`. */
  release(mark: number): void;
}

export interface ArenaOptions {
  /** No more than this is taken; default and maximum 4 GiB. */
  readonly limitBytes?: number;
  /** For tests: the k-th allocation (1-based) fails. */
  readonly failAllocation?: number;
}

/** @throws ResourceError where the system does not give a shared memory. */
export function openArena(options: ArenaOptions = {}): Arena {
  const limit = Math.min(options.limitBytes ?? MAX_PAGES * PAGE_BYTES, MAX_PAGES * PAGE_BYTES);
  let memory: WebAssembly.Memory;
  try {
    memory = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared: true });
  } catch (cause) {
    throw new ResourceError("no address space for a shared memory of 4 GiB", { cause });
  }
  // Address 0 stays unused, so that 0 can mean "none".
  let end = ALIGNMENT;
  let peak = 0;
  let allocations = 0;
  return {
    memory,
    limitBytes: limit,
    get usedBytes() {
      return end;
    },
    get peakBytes() {
      return peak;
    },
    allocate(bytes, what) {
      allocations++;
      const address = end;
      const next = Math.ceil((address + bytes) / ALIGNMENT) * ALIGNMENT;
      if (next > limit || allocations === options.failAllocation) {
        const left = formatBytes(Math.max(0, limit - address));
        throw new ResourceError(
          `no memory for ${what}: ${formatBytes(bytes)} needed, ${left} of ${formatBytes(limit)} left`,
        );
      }
      const missing = next - memory.buffer.byteLength;
      if (missing > 0) {
        try {
          memory.grow(Math.ceil(missing / PAGE_BYTES));
        } catch (cause) {
          throw new ResourceError(`no memory for ${what}: the system refuses ${formatBytes(missing)} more`, { cause });
        }
      }
      end = next;
      peak = Math.max(peak, end);
      return address;
    },
    mark: () => end,
    release(mark) {
      end = mark;
    },
  };
}
