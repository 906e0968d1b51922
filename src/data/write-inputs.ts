// Inputs into a file of the kind that its name says.

import { UsageError } from "../core/errors.ts";
import { checkCsr } from "../sparse/check.ts";
import type { CsrMatrix } from "../sparse/matrix.ts";
import { kindOfName } from "./file-kind.ts";
import { writeInputsFile } from "./inputs-file.ts";
import { writeAtomically } from "./write-atomically.ts";
import { writeTriples } from "./write-triples.ts";

/**
 * Writes inputs as .safetensors, .tsv, .bin or .mtx (the last three also .gz). Text and binary triples do not keep
 * empty rows at the end; the other two do.
 * @throws UsageError for another ending, ShapeError for a bad matrix, ResourceError for a full disk
 */
export async function writeInputs(path: string, inputs: CsrMatrix, signal?: AbortSignal): Promise<void> {
  const kind = kindOfName(path);
  if (kind === null) {
    throw new UsageError(`${path}: inputs are written as .safetensors, .tsv, .bin or .mtx (the last three also .gz)`);
  }
  if (kind === "safetensors") return writeInputsFile(path, inputs, signal);
  checkCsr(inputs, "inputs");
  const gzip = path.endsWith(".gz");
  return writeAtomically(path, (temporary) => writeTriples(temporary, inputs, kind, gzip, signal), signal);
}
