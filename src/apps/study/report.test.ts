// Plan: the report of a real small study in a real browser, without a network: all figures are drawn with their bars,
// lines, dots, axes and captions that name records; nothing is requested, nothing complains; texts are escaped; it is
// the same page when printed, with no figure cut in two. A screenshot is written, for people. The summary has its rows.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import type { NumberedRecord } from "../../report/study/study-record.ts";
import { findChromium, launchChromium } from "../../testing/chromium.ts";
import { skipOrFail } from "../../testing/challenge.ts";
import { makeStudyRecord } from "../../testing/study-records.ts";
import { runSmallStudy } from "../../testing/small-study.ts";
import { makeTemporaryFolder } from "../../testing/temporary-folder.ts";
import { REPORT_FILE, SUMMARY_FILE, writeReport } from "./write-report.ts";

const folder = makeTemporaryFolder("report");
after(() => folder[Symbol.dispose]());
const signal = new AbortController().signal;
let records: readonly NumberedRecord[] = [];
before(async () => {
  records = await runSmallStudy(folder.path);
  await writeReport(folder.path, records, signal);
});

const TITLES = [
  "Time by strategy and hashing",
  "Imbalance by hashing",
  "Nonzeros and edges of each worker",
  "Live and computed rows by layer",
  "Speed-up against workers",
  "What the workers' time was spent on",
];

test("the page in Chromium", async (t) => {
  const program = findChromium();
  if (program === null) return skipOrFail(t, "chromium", "no Chromium on this machine");
  const browser = await launchChromium(program);
  try {
    const page = await browser.newPage({ viewport: { width: 900, height: 1200 } });
    const requests: string[] = [];
    const complaints: string[] = [];
    page.on("request", (request) => requests.push(request.url()));
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    const url = pathToFileURL(join(folder.path, REPORT_FILE)).href;
    await page.goto(url);
    assert.deepEqual(requests, [url]);
    assert.deepEqual(complaints, []);
    assert.equal(await page.title(), "Small <study>");
    assert.equal(await page.locator("h2", { hasText: "sorted & small" }).count(), 1);
    assert.equal(await page.locator("script").count(), 0);

    const figures = page.locator("figure");
    assert.deepEqual(await figures.locator("h3").allTextContents(), TITLES);
    assert.equal(await page.locator("figure > svg").count(), 6);
    for (const [k, caption] of (await figures.locator("figcaption").allTextContents()).entries()) {
      assert.match(caption, new RegExp(`^Figure ${k + 1}\\. .*Records \\d[-\\d, ]*; some processor, 2 cores`));
    }
    const time = figures.nth(0);
    // Two strategies, hashed or not; two samples of each.
    assert.equal(await time.locator('[aria-label="bar"] rect').count(), 4);
    assert.equal(await time.locator('[aria-label="dot"] circle').count(), 8);
    assert.ok((await time.locator("svg text").allTextContents()).some((text) => text.includes("seconds of inference")));
    const widths = await time
      .locator('[aria-label="bar"] rect')
      .evaluateAll((bars) => bars.map((bar) => Number(bar.getAttribute("width"))));
    assert.ok(widths.every((width) => width > 0));
    assert.equal(await figures.nth(1).locator('[aria-label="dot"] circle').count(), 4);
    // Two workers in each of 2 x 2 panels.
    assert.equal(await figures.nth(2).locator('[aria-label="bar"] rect').count(), 8);
    assert.equal(await figures.nth(3).locator('[aria-label="line"] path').count(), 2);
    assert.equal(await figures.nth(4).locator('[aria-label="line"] path').count(), 6);
    assert.ok((await figures.nth(5).locator('[aria-label="bar"] rect').count()) >= 8);
    assert.equal(await page.locator("tbody tr").count(), 8);
    assert.equal(await page.locator("tr.fastest").count(), 1);
    const isWide = await page.evaluate("document.documentElement.scrollWidth > window.innerWidth");
    assert.equal(isWide, false, "the page scrolls sideways");

    const shots = mkdtempSync(join(tmpdir(), "gossamer-screenshot-"));
    await page.screenshot({ path: join(shots, "report.png"), fullPage: true });
    assert.ok(statSync(join(shots, "report.png")).size > 20_000);
    t.diagnostic(`screenshot: ${join(shots, "report.png")}`);

    await page.emulateMedia({ media: "print" });
    // As text: the function runs in the page, whose globals this project does not know.
    const styles: string[] = await page.evaluate(
      `[...document.querySelectorAll("figure")].map((figure) => getComputedStyle(figure).breakInside)`,
    );
    assert.deepEqual([...new Set(styles)], ["avoid"]);
    const paper = await page.pdf({ preferCSSPageSize: true, format: "A4" });
    assert.equal(paper.subarray(0, 5).toString("latin1"), "%PDF-");
  } finally {
    await browser.close();
  }
});

test("long labels and large numbers fit, on a screen and on paper", async (t) => {
  const program = findChromium();
  if (program === null) return skipOrFail(t, "chromium", "no Chromium on this machine");
  using wide = makeTemporaryFolder("report-wide");
  const edges = [13_567_459_328, 13_567_459_300];
  const wishes = ["earliest-first", "slower-first", "faster-first"].flatMap((pickOrder) =>
    [0.5704, 0.5676, 0.5712].map((seconds) => {
      const axes = { pickOrder, tilesPerWorker: 8, kernel: pickOrder };
      return makeStudyRecord({ strategy: "data-then-model", hash: "both", workers: 2, seconds, edges, axes });
    }),
  );
  await writeReport(
    wide.path,
    wishes.map((record, k) => ({ line: 101 + 7 * k, record: { ...record, rows: 60_000 } })),
    signal,
  );
  const browser = await launchChromium(program);
  try {
    const page = await browser.newPage({ viewport: { width: 900, height: 1200 } });
    await page.goto(pathToFileURL(join(wide.path, REPORT_FILE)).href);
    const overflows = `[...document.querySelectorAll(".table")].map((table) => table.scrollWidth - table.clientWidth)`;
    assert.deepEqual(await page.evaluate(overflows), [0]);
    assert.match(await page.locator("dl").innerText(), /60\u00a0000 rows/);
    // A4 less its margins.
    await page.setViewportSize({ width: 680, height: 1000 });
    await page.emulateMedia({ media: "print" });
    assert.deepEqual(await page.evaluate(overflows), [0]);
  } finally {
    await browser.close();
  }
});

test("the page refers to nothing outside of itself", () => {
  const text = readFileSync(join(folder.path, REPORT_FILE), "utf8");
  const addresses = [...text.matchAll(/(?:src|href)\s*=\s*"([^"]*)"|url\(([^)]*)\)/g)].map(
    (match) => match[1] ?? match[2],
  );
  assert.deepEqual(
    addresses.filter((address) => !(address ?? "").startsWith("#")),
    [],
  );
  assert.equal(text.includes("<study>"), false, "the study's name is not escaped");
});

test("the summary has a row a setting, with its records", () => {
  const lines = readFileSync(join(folder.path, SUMMARY_FILE), "utf8").trimEnd().split("\r\n");
  assert.equal(lines.length, 1 + 8);
  const names = (lines[0] ?? "").split(",");
  assert.deepEqual([names[0], names.at(-1)], ["case", "records"]);
  assert.ok(lines.slice(1).every((line) => line.startsWith("sorted & small,") && /"\d+, \d+"$/.test(line)));
});
