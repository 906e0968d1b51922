// A real browser for tests of pages: Debian's Chromium, driven by playwright-core, which brings none of its own.

import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const PROGRAMS = ["/usr/bin/chromium", "/usr/bin/chromium-browser"];

/** The path of Chromium, or null where there is none (scripts/install-system-packages.mjs installs it). */
export function findChromium(): string | null {
  return [process.env["GOSSAMER_CHROMIUM"], ...PROGRAMS].find((path) => path !== undefined && existsSync(path)) ?? null;
}

export function launchChromium(executablePath: string): Promise<Browser> {
  // Chromium refuses to run as the superuser with its sandbox.
  return chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });
}
