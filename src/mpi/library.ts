// Finds and loads the MPI library: the one the launcher belongs to, or the one GOSSAMER_MPI names. A library is told
// apart by what it exports, not by its file's name, since Open MPI, MPICH and Intel MPI all ship a libmpi.so.

import type { LibraryHandle } from "koffi";
import { MpiError, UsageError } from "../core/errors.ts";
import { loadForeign } from "../core/foreign.ts";
import { type Abi, MPI_FAMILIES, type MpiFamily } from "./abi/abi.ts";
import { makeMpichAbi } from "./abi/mpich.ts";
import { makeOpenMpiAbi } from "./abi/open-mpi.ts";
import { type Environment, familiesToTry, findLauncher } from "./launcher.ts";
import { bindCalls, type RawCalls } from "./raw-calls.ts";

/** Names by family, looked up as the dynamic linker does (LD_LIBRARY_PATH, then the system's folders). */
const LIBRARY_NAMES: Readonly<Record<MpiFamily, readonly string[]>> = {
  // Open MPI 4 and 5.
  "open-mpi": ["libmpi.so.40"],
  // MPICH and Intel MPI; Debian's MPICH; Cray MPICH. Modules put theirs on LD_LIBRARY_PATH, so that name comes first.
  mpich: ["libmpi.so.12", "libmpich.so.12", "libmpi_cray.so.12"],
};

export interface LoadedMpi {
  /** Name or path that was loaded. */
  readonly name: string;
  readonly abi: Abi;
  readonly calls: RawCalls;
}

/** The names that are tried, in order. @throws UsageError for a GOSSAMER_MPI that is none of the known forms. */
export function libraryNamesToTry(env: Environment): readonly string[] {
  const chosen = env["GOSSAMER_MPI"] ?? "";
  if (chosen.includes("/")) return [chosen];
  const family = MPI_FAMILIES.find((name) => name === chosen);
  if (family !== undefined) return LIBRARY_NAMES[family];
  if (chosen !== "" && chosen !== "none") {
    const expected = [...MPI_FAMILIES, "none"].join(", ");
    throw new UsageError(`GOSSAMER_MPI is "${chosen}", expected ${expected} or the path of a library`);
  }
  return familiesToTry(findLauncher(env)).flatMap((name) => LIBRARY_NAMES[name]);
}

let loaded: LoadedMpi | null = null;

/**
 * Loads the library that `env` asks for, once: later calls return the same.
 * @throws MpiError with every name that was tried; UsageError for a wrong GOSSAMER_MPI.
 */
export function loadMpi(env: Environment): LoadedMpi {
  if (loaded !== null) return loaded;
  const failures: string[] = [];
  for (const name of libraryNamesToTry(env)) {
    let library: LibraryHandle;
    try {
      // Open MPI's plug-ins look for their symbols among the global ones.
      library = loadForeign(name, { global: true });
    } catch (error) {
      failures.push(describeFailure(name, error));
      continue;
    }
    loaded = bindLibrary(name, library);
    return loaded;
  }
  const launcher = findLauncher(env)?.name ?? "no launcher";
  const problem = `no MPI library could be loaded (started by ${launcher}); tried ${failures.join("; ")}`;
  throw new MpiError(null, "loading MPI", `${problem}; set GOSSAMER_MPI to open-mpi, mpich or a library's path`);
}

function bindLibrary(name: string, library: LibraryHandle): LoadedMpi {
  if (!hasSymbol(library, "MPI_Init_thread")) {
    throw new MpiError(null, "loading MPI", `${name} is no MPI library: it has no MPI_Init_thread`);
  }
  const isOpenMpi = hasSymbol(library, "ompi_mpi_comm_world");
  if (/mpi_abi/.test(name)) {
    throw new MpiError(null, "loading MPI", `${name} has the ABI of MPI 5, expected that of Open MPI or MPICH`);
  }
  const abi = isOpenMpi ? makeOpenMpiAbi(library) : makeMpichAbi();
  try {
    return { name, abi, calls: bindCalls(library, abi) };
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new MpiError(null, "loading MPI", `${name}: ${problem}`, { cause });
  }
}

function hasSymbol(library: LibraryHandle, name: string): boolean {
  try {
    library.symbol(name);
    return true;
  } catch {
    return false;
  }
}

/** "libmpi.so.40 (cannot open shared object file: No such file or directory)", the name said once. */
function describeFailure(name: string, error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return `${name} (${text.replace("Failed to load shared library: ", "").replace(`${name}: `, "")})`;
}
