// Names of networks that are made as they are read instead of lying in a file: radixnet:NEURONSxLAYERS, then options
// after colons. A file of such a name is reached as ./radixnet:...

import { UsageError } from "../core/errors.ts";
import type { RadixNetOptions } from "./generate/radix-net.ts";

const PREFIX = "radixnet:";
const FORM = "radixnet:NEURONSxLAYERS[:seed=N][:bias=B][:weight=W][:no-permute]";

/** True where `path` names a network that is made on the fly; its options may yet be wrong. */
export function isGeneratedName(path: string): boolean {
  return path.startsWith(PREFIX);
}

/** "radixnet:65536x1920:seed=2" as options of the generator, whose ranges are not checked here. @throws UsageError */
export function parseGeneratedName(name: string): RadixNetOptions {
  const [size = "", ...options] = name.slice(PREFIX.length).split(":");
  const match = /^(\d+)x(\d+)$/.exec(size);
  if (match === null) throw new UsageError(`${name}: size is "${size}", expected ${FORM}`);
  const found = { neurons: Number(match[1]), layers: Number(match[2]), seed: 1, permute: true };
  const numbers: { seed?: number; bias?: number; weight?: number } = {};
  for (const option of options) {
    if (option === "no-permute") {
      found.permute = false;
      continue;
    }
    const [, key, text] = /^(seed|bias|weight)=(.+)$/.exec(option) ?? [];
    const value = text === undefined ? Number.NaN : Number(text);
    if (key === undefined || !Number.isFinite(value)) {
      throw new UsageError(`${name}: option is "${option}", expected ${FORM}`);
    }
    numbers[key as keyof typeof numbers] = value;
  }
  return { ...found, ...numbers };
}
