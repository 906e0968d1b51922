// Plan: folders are made with those above them, and again without harm; a file in the way and a disk that may not be
// written to are each refused with the reason of their own.

import assert from "node:assert/strict";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ResourceError, UsageError } from "../core/errors.ts";
import { makeTemporaryFolder } from "../testing/temporary-folder.ts";
import { makeFolder } from "./make-folder.ts";

test("makes what is missing, once or twice", () => {
  using folder = makeTemporaryFolder("make-folder");
  const path = join(folder.path, "a", "b", "c");
  for (let k = 0; k < 2; k++) {
    makeFolder(path);
    assert.ok(statSync(path).isDirectory());
  }
});

test("a file in the way is wrong usage", () => {
  using folder = makeTemporaryFolder("make-folder");
  const file = join(folder.path, "file");
  writeFileSync(file, "");
  for (const path of [file, join(file, "a"), join(file, "a", "b")]) {
    assert.throws(
      () => makeFolder(path),
      (error) => error instanceof UsageError && error.message === `${path}: a file stands where a folder is needed`,
    );
  }
});

test("a place where nothing can be made is out of resources", { skip: process.platform !== "linux" }, () => {
  // Even the superuser may make no folder there.
  for (const path of ["/sys/gossamer", "/sys/gossamer/a/b"]) {
    assert.throws(
      () => makeFolder(path),
      (error) => error instanceof ResourceError && /no permission|read-only/.test(error.message),
    );
  }
});
