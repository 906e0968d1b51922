// The challenge's inputs as a source of rows: held as one bit a pixel, spelled out as they are read.

import { mnistRows, type MnistOptions } from "./generate/mnist.ts";
import { checkRowRange, type InputSource } from "./input-source.ts";

/** Resizes the images; rows are spelled out as they are read. @throws what mnistInputs throws */
export async function openMnistInputs(options: MnistOptions): Promise<InputSource> {
  const images = await mnistRows(options);
  const { rowPtr } = images;
  const nrows = rowPtr.length - 1;
  return {
    path: `mnist of ${options.side} x ${options.side}`,
    access: "ranges",
    nrows,
    ncols: options.side ** 2,
    nnz: rowPtr[nrows]!,
    value: 1,
    rowPtr,
    async readRows(first, last) {
      checkRowRange(first, last, nrows);
      return images.rows(first, last);
    },
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}
