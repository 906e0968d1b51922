// Plan: every name that the library exports has a docblock where it is declared.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const SOURCES = fileURLToPath(new URL("../../src/library", import.meta.url));

/** Names and the files that they are declared in, from `export { a, type B } from "file"`. */
function findExports(index: string): { name: string; file: string }[] {
  return Array.from(index.matchAll(/^export (?:type )?\{([^}]*)\} from "([^"]+)";/gm)).flatMap(
    ([, list = "", from = ""]) => {
      const names = list.split(",").map((word) => word.trim().replace(/^type /, ""));
      return names.filter((name) => name !== "").map((name) => ({ name, file: join(SOURCES, from) }));
    },
  );
}

/** True when the line before the (first) declaration of `name` ends a docblock. */
function isDocumented(name: string, file: string): boolean {
  const lines = readFileSync(file, "utf8").split("\n");
  const declaration = new RegExp(`^export (?:async |abstract )*(?:function\\*?|const|class|interface|type) ${name}\\b`);
  const at = lines.findIndex((line) => declaration.test(line));
  assert.ok(at >= 0, `${dirname(file)}: no declaration of ${name}`);
  return lines[at - 1]?.trim().endsWith("*/") ?? false;
}

test("every export is documented", () => {
  const exported = findExports(readFileSync(join(SOURCES, "index.ts"), "utf8"));
  assert.ok(exported.length > 50, `found ${exported.length} exports`);
  const bare = exported
    .filter(({ name, file }) => !isDocumented(name, file))
    .map(({ name, file }) => `${name} ${file}`);
  assert.deepEqual(bare, []);
});
