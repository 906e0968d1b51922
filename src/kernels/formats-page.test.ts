// Plan: the parts of docs/formats.md that are made from code are what the code makes now.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { PAGE_URL, renewPage } from "../testing/format-page.ts";

test("docs/formats.md says what the code does (else: node src/testing/format-page.ts)", () => {
  const page = readFileSync(PAGE_URL, "utf8");
  assert.equal(page, renewPage(page));
});
