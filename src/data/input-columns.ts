// How many features a row of an inputs file has, where the file says so itself.

import { probeFile } from "./byte-source.ts";
import { detectKind } from "./file-kind.ts";
import { findInputs } from "./inputs-file.ts";
import { readMatrixMarketHead } from "./matrix-market.ts";
import { openSafetensors } from "./safetensors-file.ts";

/** Columns of the inputs at `path`; null for text and binary triples, which do not say. @throws FormatError */
export async function findInputColumns(path: string): Promise<number | null> {
  const kind = detectKind(path);
  switch (kind) {
    case "safetensors": {
      await using file = await openSafetensors(path);
      return findInputs(file).ncols;
    }
    case "matrix-market":
      return (await readMatrixMarketHead(path, probeFile(path).gzip)).ncols;
    case "text":
    case "binary":
    case "challenge":
    case "generated":
      return null;
  }
}
