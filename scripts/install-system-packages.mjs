// Installs the system packages that some tests need: Chromium, to open reports as a reader does, the runtimes of
// Open MPI and MPICH, to run on several ranks, and iproute2, to run them on two hosts. On Debian and its kin, as root, it asks apt-get for those that are
// missing, and says so; everywhere else, and where nothing is missing, it changes nothing. It never fails: a test whose
// program is missing skips with one line, or fails by GOSSAMER_REQUIRE. GOSSAMER_SYSTEM_PACKAGES=0 turns it off.

import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** What is needed: a package of Debian, and the program that shows that it is there. */
const PACKAGES = [
  { name: "chromium", program: "chromium", purpose: "tests that open reports in a browser" },
  // Both MPI runtimes live side by side; each brings its library and a launcher of its own name.
  { name: "openmpi-bin", program: "mpiexec.openmpi", purpose: "tests on several ranks with Open MPI" },
  // "ip" makes the hosts that a test of two hosts needs.
  { name: "iproute2", program: "ip", purpose: "tests of ranks on two hosts" },
  { name: "mpich", program: "mpiexec.mpich", purpose: "tests on several ranks with MPICH" },
];

/** apt-get waits this long for another one to end. */
const LOCK_SECONDS = 120;

function isOnPath(program) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function aptGet(...args) {
  const command = ["-qq", "-o", `DPkg::Lock::Timeout=${LOCK_SECONDS}`, ...args];
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return spawnSync("apt-get", command, { stdio: ["ignore", "ignore", "inherit"], env }).status === 0;
}

const missing = PACKAGES.filter(({ program }) => !isOnPath(program));
const names = missing.map(({ name }) => name);
if (missing.length > 0 && process.env.GOSSAMER_SYSTEM_PACKAGES !== "0") {
  const purposes = missing.map(({ name, purpose }) => `${name} (${purpose})`).join(", ");
  if (!isOnPath("apt-get") || process.getuid?.() !== 0) {
    console.error(`system packages: not there: ${purposes}; install them to run those tests`);
  } else {
    console.error(`system packages: installing ${purposes} with apt-get`);
    const install = ["install", "--yes", "--no-install-recommends", ...names];
    // A fresh machine knows no packages yet; one that does needs no update.
    const done = aptGet(...install) || (aptGet("update") && aptGet(...install));
    if (!done) console.error(`system packages: apt-get could not install ${names.join(", ")}; those tests skip`);
  }
}
