// The boundary between rooms, enforced. Plan: (1) the compiler itself, run on a small copy of the set-up, refuses an
// import against the direction and a node: module in a room that must run in a browser, and accepts the control cases;
// (2) the projects' references follow the order of the rooms; (3) every import of every source stays within its room's
// references, node: modules stay in the rooms that may have them, packages are runtime dependencies. Tests and
// src/testing may import any room and are left out.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { makeTemporaryFolder } from "./testing/temporary-folder.ts";

const REPOSITORY = fileURLToPath(new URL("..", import.meta.url));
const SOURCES = join(REPOSITORY, "src");

/** Rooms from left to right; a room may import from groups to its left only. */
const ROOM_ORDER = [
  ["core"],
  ["sparse"],
  ["network"],
  ["data", "partition", "kernels"],
  ["compile"],
  ["threads", "mpi"],
  ["engine"],
  ["cluster"],
  ["report"],
  ["library", "apps"],
];
const NODE_ROOMS = ["data", "threads", "mpi", "cluster", "apps", "library"];

interface Project {
  readonly compilerOptions: { readonly types?: readonly string[] };
  readonly references?: readonly { readonly path: string }[];
}

function readProject(path: string): Project {
  return JSON.parse(readFileSync(path, "utf8")) as Project;
}

/** Names of the rooms that exist now. */
const ROOMS = readdirSync(SOURCES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== "testing")
  .map((entry) => entry.name);

/** Folders of all projects under src: the rooms, and the parts of a room that are projects of their own. */
const PROJECTS = globSync("*/**/tsconfig.json", { cwd: SOURCES }).map((path) => dirname(path));

function projectOf(folder: string): Project {
  return readProject(join(SOURCES, folder, "tsconfig.json"));
}

function roomOf(path: string): string {
  return path.split("/")[0] ?? "";
}

/** The rooms that a project refers to, its own left out. */
function referencesOf(folder: string): string[] {
  const rooms = (projectOf(folder).references ?? []).map(({ path }) => roomOf(join(folder, path)));
  return rooms.filter((room) => room !== roomOf(folder));
}

function groupOf(room: string): number {
  return ROOM_ORDER.findIndex((group) => group.includes(room));
}

/** Compiles one source as a member of `room`, in a folder that has the rooms core, sparse and network and the real set-up. */
function compileIn(room: string, source: string): { readonly status: number | null; readonly output: string } {
  using folder = makeTemporaryFolder("rooms");
  cpSync(join(REPOSITORY, "tsconfig.base.json"), join(folder.path, "tsconfig.base.json"));
  writeFileSync(join(folder.path, "package.json"), '{ "type": "module" }');
  symlinkSync(join(REPOSITORY, "node_modules"), join(folder.path, "node_modules"));
  for (const name of new Set(["core", "sparse", "network", room])) {
    mkdirSync(join(folder.path, "src", name), { recursive: true });
    writeFileSync(join(folder.path, "src", name, "thing.ts"), `export const ${name}Thing: number = 1;\n`);
    const project = { ...projectOf(name) };
    const references = (project.references ?? []).filter(({ path }) => /core|sparse|network/.test(path));
    writeFileSync(join(folder.path, "src", name, "tsconfig.json"), JSON.stringify({ ...project, references }));
  }
  writeFileSync(join(folder.path, "src", room, "importer.ts"), source);
  const tsc = join(REPOSITORY, "node_modules/typescript/bin/tsc");
  const run = spawnSync(process.execPath, [tsc, "-b", join("src", room)], { cwd: folder.path, encoding: "utf8" });
  return { status: run.status, output: run.stdout + run.stderr };
}

test("the compiler accepts imports in the direction", () => {
  const toCore = 'export { coreThing } from "../core/thing.ts";\n';
  for (const room of ["sparse", "network"]) assert.deepEqual(compileIn(room, toCore), { status: 0, output: "" }, room);
  const toNode = 'import { cpus } from "node:os";\nexport const cores: number = cpus().length;\n';
  assert.deepEqual(compileIn("threads", toNode), { status: 0, output: "" });
});

test("the compiler refuses imports against the direction", () => {
  for (const [room, to] of [
    ["core", "network"],
    ["core", "sparse"],
    ["sparse", "network"],
    ["threads", "network"],
  ] as const) {
    const { status, output } = compileIn(room, `export { ${to}Thing } from "../${to}/thing.ts";\n`);
    assert.notEqual(status, 0, `${room} imports ${to}`);
    assert.match(output, /importer\.ts\(1,.*error TS(6307|6059)|error TS(6307|6059): .*thing\.ts/, output);
  }
});

test("the compiler refuses node: modules in a room for the browser", () => {
  for (const room of ["core", "network", "engine"]) {
    const { status, output } = compileIn(room, 'export { readFileSync } from "node:fs";\n');
    assert.notEqual(status, 0, room);
    assert.match(output, /importer\.ts\(1,\d+\): error TS(2307|2591): .*node:fs/, room);
  }
});

test("every room is a project of the build and stands in the order", () => {
  const built = (readProject(join(REPOSITORY, "tsconfig.json")).references ?? []).map(({ path }) => path);
  for (const room of ROOMS) {
    assert.ok(existsSync(join(SOURCES, room, "tsconfig.json")), `src/${room} has a tsconfig.json`);
    assert.ok(built.includes(`./src/${room}`), `tsconfig.json references src/${room}`);
    assert.ok(ROOM_ORDER.flat().includes(room), `${room} stands in the order of the rooms`);
  }
});

test("references point to the left, and Node's types are only where Node may be", () => {
  for (const folder of PROJECTS) {
    const room = roomOf(folder);
    for (const to of referencesOf(folder)) {
      assert.ok(groupOf(to) >= 0 && groupOf(to) < groupOf(room), `src/${folder}/tsconfig.json references ${to}`);
    }
    const types = projectOf(folder).compilerOptions.types;
    const mayHaveNode = NODE_ROOMS.includes(room);
    const isFine = types !== undefined && types.every((name) => name === "node" && mayHaveNode);
    assert.ok(isFine, `src/${folder}/tsconfig.json has types ${JSON.stringify(types)}`);
  }
});

/** Everything that a source loads: imports, re-exports, dynamic imports, and modules named by URL (workers). */
function findImports(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const forms = [
    /^\s*(?:import|export)\s[^;"'`]*?\bfrom\s*["']([^"']+)["']/gm,
    /^\s*import\s*["']([^"']+)["']/gm,
    /\bimport\(\s*["'`]([^"'`]+)["'`]/g,
    /\bnew URL\(\s*["'`]([^"'`]+\.[jt]s)["'`]\s*,\s*import\.meta\.url/g,
    /\brequire(?:\.resolve)?\(\s*["'`]([^"'`]+)["'`]/g,
  ];
  return forms.flatMap((form) => Array.from(code.matchAll(form), (match) => match[1] ?? ""));
}

test("the search for imports finds every form, and nothing in comments", () => {
  const source = [
    'import a from "one";',
    'import type { B } from "two.ts";',
    "import {",
    "  c,",
    "  type D,",
    '} from "../three/c.ts";',
    'import "four";',
    'export * from "five";',
    'export { e } from "six";',
    'const f = await import("seven");',
    'new Worker(new URL("./eight.ts", import.meta.url));',
    'createRequire(import.meta.url).resolve("x"); require("nine");',
    '// import g from "not this";',
    '/* import h from "nor this"; */',
    'export const text: string = "from here";',
  ].join("\n");
  assert.deepEqual(findImports(source).toSorted(), [
    "../three/c.ts",
    "./eight.ts",
    "five",
    "four",
    "nine",
    "one",
    "seven",
    "six",
    "two.ts",
  ]);
});

/** The innermost project that holds the file. */
function projectOfFile(file: string): string {
  const holding = PROJECTS.filter((folder) => file.startsWith(`${folder}/`));
  return holding.reduce((inner, folder) => (folder.length > inner.length ? folder : inner), roomOf(file));
}

/** Why the source `file` (a path under src) may not load `specifier`, or null. */
function findProblem(file: string, specifier: string, dependencies: readonly string[]): string | null {
  const room = roomOf(file);
  if (specifier.startsWith("node:")) return NODE_ROOMS.includes(room) ? null : "is a module of Node";
  if (!specifier.startsWith(".")) {
    const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
    return dependencies.includes(name) ? null : "is no runtime dependency of package.json";
  }
  const target = relative(SOURCES, resolve(dirname(join(SOURCES, file)), specifier));
  const targetRoom = roomOf(target);
  if (targetRoom !== room && !referencesOf(projectOfFile(file)).includes(targetRoom)) return `is in ${targetRoom}`;
  if (target.endsWith(".test.ts")) return "is a test";
  return null;
}

test("every import stays within its room's references", () => {
  const { dependencies } = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  const packages = Object.keys(dependencies);
  const problems: string[] = [];
  let importCount = 0;
  for (const room of ROOMS) {
    const files = globSync(`${room}/**/*.ts`, { cwd: SOURCES }).filter((file) => !/\.(?:test|d)\.ts$/.test(file));
    for (const file of files) {
      for (const specifier of findImports(readFileSync(join(SOURCES, file), "utf8"))) {
        importCount++;
        const problem = findProblem(file, specifier, packages);
        if (problem !== null) problems.push(`src/${file} imports "${specifier}", which ${problem}`);
      }
    }
  }
  assert.deepEqual(problems, []);
  assert.ok(importCount > 50, `the search found ${importCount} imports`);
});

test("the rule itself: what must be refused is refused", () => {
  const table: [room: string, specifier: string, isAllowed: boolean][] = [
    ["core", "./errors.ts", true],
    ["core", "../network/network.ts", false],
    ["core", "node:fs", false],
    ["core", "fs", false],
    ["core", "../testing/challenge.ts", false],
    ["core", "../../scripts/build.mjs", false],
    ["sparse", "../core/errors.ts", true],
    ["data", "node:fs", true],
    ["data", "tar-stream", true],
    ["data", "fast-check", false],
    ["data", "../engine/run.ts", false],
    ["network", "./oracle.test.ts", false],
  ];
  for (const [room, specifier, isAllowed] of table) {
    const problem = findProblem(`${room}/some.ts`, specifier, ["tar-stream"]);
    assert.equal(problem === null, isAllowed, `${room} imports ${specifier}: ${problem}`);
  }
});
