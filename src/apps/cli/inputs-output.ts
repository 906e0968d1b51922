// Inputs on their way to disk from `generate` and `convert`.

import { UsageError } from "../../core/errors.ts";
import { formatCount } from "../../core/units.ts";
import { kindOfName } from "../../data/file-kind.ts";
import { inputsBytes, type InputsSize } from "../../data/file-sizes.ts";
import type { InputSource } from "../../data/input-source.ts";
import { writeInputs } from "../../data/write-inputs.ts";
import type { CsrMatrix } from "../../sparse/matrix.ts";
import { checkOutputFile } from "./output-path.ts";
import { announceOutput } from "./output-room.ts";
import type { Progress } from "./progress.ts";

/** @throws UsageError, ResourceError unless inputs can be written there. */
export function checkInputsOutput(path: string, sources: readonly string[] = []): void {
  if (kindOfName(path) === null) {
    throw new UsageError(`${path}: inputs are written as .safetensors, .tsv, .bin or .mtx (the last three also .gz)`);
  }
  checkOutputFile(path, sources);
}

/** As announceOutput. `size` may be an estimate. */
export async function announceInputs(path: string, size: InputsSize, progress: Progress): Promise<void> {
  const kind = kindOfName(path);
  if (kind !== null) await announceOutput(path, inputsBytes(kind, path.endsWith(".gz"), size), progress);
}

export async function saveInputs(
  path: string,
  inputs: CsrMatrix | InputSource,
  { signal, progress }: { readonly signal: AbortSignal; readonly progress: Progress },
): Promise<void> {
  progress.step("writing rows");
  await writeInputs(path, inputs, signal, (share) => progress.update(share));
  progress.end();
  const size = `${formatCount(inputs.nrows)} rows of ${formatCount(inputs.ncols)} features`;
  progress.say(`wrote ${path}: ${size}, ${formatCount(inputs.rowPtr.at(-1) ?? 0)} nonzeros`);
}
