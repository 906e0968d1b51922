// Room on disks, looked at before minutes are spent on a file that will not fit.

import { statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { ResourceError } from "../core/errors.ts";
import { formatBytes } from "../core/units.ts";

/** Room on the disk of `folder` or, where it does not exist yet, of the nearest folder above it. */
export async function freeBytesAt(folder: string): Promise<number> {
  for (let place = resolve(folder); ; place = dirname(place)) {
    try {
      const { bavail, bsize } = await statfs(place);
      return bavail * bsize;
    } catch (error) {
      if (dirname(place) === place) throw error;
    }
  }
}

/** Free bytes where `path` will be written. @throws ResourceError when they are fewer than `bytes` */
export async function checkRoom(path: string, bytes: number): Promise<number> {
  const freeBytes = await freeBytesAt(dirname(path));
  if (bytes <= freeBytes) return freeBytes;
  const free = formatBytes(freeBytes);
  throw new ResourceError(`${path}: ${formatBytes(bytes)} to write, the disk has ${free} free`);
}
