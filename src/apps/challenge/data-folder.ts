// Where everything that the main job makes is kept: GOSSAMER_DATA, or a folder of the user's cache by platform.

import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** The folder's path; the folder itself may not exist yet. Sources: XDG Base Directory Specification; Apple, File System Basics. */
export function dataFolder(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  const given = environment["GOSSAMER_DATA"] ?? "";
  if (given !== "") return resolve(given);
  if (platform === "darwin") return join(homedir(), "Library", "Caches", "gossamer");
  if (platform === "win32") return join(environment["LOCALAPPDATA"] ?? homedir(), "gossamer", "cache");
  // The specification says that a relative XDG_CACHE_HOME is to be ignored.
  const xdg = environment["XDG_CACHE_HOME"] ?? "";
  return join(xdg.startsWith("/") ? xdg : join(homedir(), ".cache"), "gossamer");
}
