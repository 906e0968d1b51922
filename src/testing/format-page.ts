// The parts of docs/formats.md that state what the code does: one 4 x 4 matrix in every format, and the table of pairs. Run
// as a program (`node src/testing/format-page.ts`) it writes them into the page; the test compares.

import { readFileSync, writeFileSync } from "node:fs";
import { FACTOR_FORMATS, FORMAT_PAIRS, REFERENCE_STATES, type ReferenceState } from "../kernels/format-pairs.ts";
import { denseToCsr } from "../sparse/convert.ts";
import { arraysOf, bytesOfMatrix, checkMatrix, MATRIX_FORMATS, toFormat } from "../sparse/formats.ts";

export const PAGE_URL: URL = new URL("../../docs/formats.md", import.meta.url);

/** Row 1 and column 2 are empty. */
const EXAMPLE: readonly (readonly number[])[] = [
  [0, 5, 0, 0],
  [0, 0, 0, 0],
  [1, 0, 0, 2],
  [0, 3, 0, 4],
];

const ELEMENT_NAMES = new Map<unknown, string>([
  [Uint16Array, "u16"],
  [Uint32Array, "u32"],
  [Float32Array, "f32"],
]);

function renderMatrix(): string {
  const csr = denseToCsr(Float32Array.from(EXAMPLE.flat()), 4, 4);
  const lines = ["```text", ...EXAMPLE.map((row) => row.map((value) => (value === 0 ? "." : value)).join(" ")), "```"];
  lines.push("", "| format | arrays | bytes |", "|---|---|---|");
  for (const format of MATRIX_FORMATS) {
    const matrix = toFormat(csr, format);
    checkMatrix(matrix, format);
    const arrays = arraysOf(matrix).map(([name, array]) => {
      const type = ELEMENT_NAMES.get(array.constructor) ?? "?";
      return `\`${name}\` ${type} [${array.join(" ")}]`;
    });
    lines.push(`| ${format} | ${arrays.join("<br>")} | ${bytesOfMatrix(matrix)} |`);
  }
  return lines.join("\n");
}

const SYMBOLS: Record<ReferenceState, string> = {
  runs: "R",
  "not implemented": "N",
  "format only": "F",
  unlisted: "+",
};

function renderPairs(): string {
  const states = new Map<string, ReferenceState>(FORMAT_PAIRS.map(([a, w, state]) => [`${a} x ${w}`, state]));
  const lines = [
    `| activations \\ weights | ${FACTOR_FORMATS.join(" | ")} |`,
    `|---|${FACTOR_FORMATS.map(() => "---|").join("")}`,
  ];
  for (const a of FACTOR_FORMATS) {
    const cells = FACTOR_FORMATS.map((w) => {
      const state = states.get(`${a} x ${w}`);
      return state === undefined ? "-" : SYMBOLS[state];
    });
    lines.push(`| ${a} | ${cells.join(" | ")} |`);
  }
  const counts = REFERENCE_STATES.map(
    (state) => `${SYMBOLS[state]}: ${FORMAT_PAIRS.filter(([, , found]) => found === state).length} (${state})`,
  );
  lines.push("", `${FORMAT_PAIRS.length} pairs run here. ${counts.join(", ")}; -: refused with the reason.`);
  return lines.join("\n");
}

const PARTS: readonly (readonly [name: string, render: () => string])[] = [
  ["matrix", renderMatrix],
  ["pairs", renderPairs],
];

/** The page with its generated parts made anew. */
export function renewPage(page: string): string {
  let text = page;
  for (const [name, render] of PARTS) {
    const begin = `<!-- generated: ${name} -->`;
    const end = `<!-- end: ${name} -->`;
    const from = text.indexOf(begin);
    const to = text.indexOf(end);
    if (from < 0 || to < from) throw new Error(`docs/formats.md has no part "${name}"`);
    text = `${text.slice(0, from + begin.length)}\n${render()}\n${text.slice(to)}`;
  }
  return text;
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(PAGE_URL, renewPage(readFileSync(PAGE_URL, "utf8")));
}
