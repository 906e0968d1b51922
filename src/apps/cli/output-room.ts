// Says how much a large output will take before it is begun, and refuses what the disk has no room for.

import { formatBytes } from "../../core/units.ts";
import { checkRoom } from "../../data/disk-space.ts";
import type { Progress } from "./progress.ts";

/** Outputs below this are not worth a line. */
const MIN_SAID_BYTES = 100 * 2 ** 20;

/**
 * @param bytes what will be written, null where nobody knows
 * @throws ResourceError when the disk has less room
 */
export async function announceOutput(path: string, bytes: number | null, progress: Progress): Promise<void> {
  if (bytes === null) return;
  const free = await checkRoom(path, bytes);
  if (bytes >= MIN_SAID_BYTES) {
    progress.say(`${path}: ${formatBytes(bytes)} to write, ${formatBytes(free)} free on the disk`);
  }
}

/** The same where the result may be smaller: nothing is refused, since nobody knows how much smaller. */
export async function announceLargestOutput(path: string, bytes: number | null, progress: Progress): Promise<void> {
  if (bytes === null || bytes < MIN_SAID_BYTES) return;
  const free = await checkRoom(path, 0);
  progress.say(`${path}: at most ${formatBytes(bytes)} to write, ${formatBytes(free)} free on the disk`);
}
