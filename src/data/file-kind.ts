// Which of the known kinds a path is: a network that is made on the fly by its name, a folder of layers by the names in
// it, a safetensors file by its ending or its first bytes, anything else by its ending.

import { readdirSync, statSync } from "node:fs";
import { FormatError } from "../core/errors.ts";
import { checkRegularFile, readHead } from "./byte-source.ts";
import { isChallengeFolder } from "./challenge-folder.ts";
import { toFileError } from "./file-errors.ts";
import { isGeneratedName } from "./generated-name.ts";

export const FILE_KINDS = ["challenge", "safetensors", "text", "binary", "matrix-market", "generated"] as const;
export type FileKind = (typeof FILE_KINDS)[number];
/** Kinds that a file's ending tells. */
export type NamedKind = Exclude<FileKind, "challenge" | "generated">;

const ENDINGS: readonly (readonly [RegExp, NamedKind])[] = [
  [/\.safetensors$/, "safetensors"],
  [/\.(tsv|txt)(\.gz)?$/, "text"],
  [/\.bin(\.gz)?$/, "binary"],
  [/\.mtx(\.gz)?$/, "matrix-market"],
];

const KNOWN = "a folder of layers, .safetensors, .tsv, .bin or .mtx (the last three also .gz)";

/** @throws FormatError for a missing path and for a kind that is not known. */
export function detectKind(path: string): FileKind {
  if (isGeneratedName(path)) return "generated";
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) {
      if (isChallengeFolder(readdirSync(path))) return "challenge";
      throw new FormatError(path, null, "the folder holds no layers (n<N>-l<k>.tsv, .tsv.gz or .bin)");
    }
    checkRegularFile(path, stat);
    const byEnding = kindOfName(path);
    if (byEnding !== null) return byEnding;
    const head = readHead(path, 32);
    const text = new TextDecoder("latin1").decode(head);
    if (text[8] === "{") return "safetensors";
    if (text.startsWith("%%MatrixMarket")) return "matrix-market";
    if (/^\d+[\t ]+\d+[\t ]/.test(text)) return "text";
    throw new FormatError(path, null, `unknown kind of file, expected ${KNOWN}`);
  } catch (error) {
    throw toFileError(error, path, "read");
  }
}

/** The kind that a file of this name should be, or null for an unknown ending. */
export function kindOfName(path: string): NamedKind | null {
  return ENDINGS.find(([ending]) => ending.test(path))?.[1] ?? null;
}
