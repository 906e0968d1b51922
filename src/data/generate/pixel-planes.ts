// The 0/1 pixels of resized images while they are found: one bit each, in the order in which image-interpolation.ts
// delivers them, in memory that several workers may fill at once (no two write the same word). Afterwards they become
// rows of a CSR matrix, one an image.
//
// Pixel (i, j) of image n, with q = side / 4, is sample j + side n of row i of the strip: phase j mod q, number
// m = 4 n + floor(j / q) within the phase. Bit m of plane (phase, row) is bit m mod 32 of word floor(m / 32): a word
// holds 4 pixels of each of 8 images.

import { ResourceError } from "../../core/errors.ts";
import { type CsrMatrix, makeIndexArray } from "../../sparse/matrix.ts";

const IMAGES_PER_WORD = 8;

export interface PixelPlanes {
  readonly side: number;
  readonly images: number;
  /** Words of one plane; the last may be only partly used, by images that are not wanted. */
  readonly wordsPerPlane: number;
  /** (side / 4) phases x side rows x wordsPerPlane. */
  readonly words: Uint32Array<SharedArrayBuffer>;
}

/** Planes of zeros for the first `images` images. @throws ResourceError when the memory is not to be had. */
export function makePixelPlanes(side: number, images: number): PixelPlanes {
  const wordsPerPlane = Math.ceil(images / IMAGES_PER_WORD);
  const bytes = (side / 4) * side * wordsPerPlane * 4;
  try {
    return { side, images, wordsPerPlane, words: new Uint32Array(new SharedArrayBuffer(bytes)) };
  } catch (cause) {
    throw new ResourceError(`no memory for ${bytes} bytes of pixels`, { cause });
  }
}

/**
 * Writes the planes of one phase of rows `row` and `row + 1`: a pixel is 1 where its sample is above `threshold`.
 * Shapes: `samples`: at least 4 x images x 2, the first row's value before the second's.
 * @returns the largest of all samples, also of those beyond the wanted images.
 */
export function thresholdInto(
  planes: PixelPlanes,
  phase: number,
  row: number,
  samples: Float64Array,
  threshold: number,
): number {
  const { side, words, wordsPerPlane } = planes;
  const first = (phase * side + row) * wordsPerPlane;
  for (let w = 0; w < wordsPerPlane; w++) {
    let firstBits = 0;
    let secondBits = 0;
    const end = Math.min(64 * (w + 1), samples.length);
    for (let p = 64 * w, b = 0; p < end; p += 2, b++) {
      firstBits |= (samples[p] > threshold ? 1 : 0) << b;
      secondBits |= (samples[p + 1] > threshold ? 1 : 0) << b;
    }
    words[first + w] = firstBits;
    words[first + wordsPerPlane + w] = secondBits;
  }
  let largest = Number.NEGATIVE_INFINITY;
  for (let p = 0; p < samples.length; p++) if (samples[p] > largest) largest = samples[p];
  return largest;
}

/** Images as rows of a matrix of ones, taken from the planes some rows at a time. */
export interface PlaneRows {
  /** images + 1 offsets. */
  readonly rowPtr: Uint32Array;
  /** Rows `first` .. `last` - 1. @throws ResourceError when the memory is not to be had. */
  rows(first: number, last: number): CsrMatrix;
}

/**
 * Counts the ones of every image. Pixel (i, j) is column side j + i: features are numbered down the image's columns.
 * Shape of all rows: images x side^2.
 */
export function openPlaneRows(planes: PixelPlanes): PlaneRows {
  const { side, images } = planes;
  const wordsPerImage = (side * side) / 32;
  const bits = new Uint32Array(IMAGES_PER_WORD * wordsPerImage);
  const rowPtr = new Uint32Array(images + 1);
  forEachImage(planes, bits, 0, images, (image, begin) => {
    let ones = 0;
    for (let p = begin; p < begin + wordsPerImage; p++) ones += countOnes(bits[p]);
    rowPtr[image + 1] = rowPtr[image] + ones;
  });
  return {
    rowPtr,
    rows(first, last) {
      const colIdx = allocateIndices(rowPtr[last] - rowPtr[first], side * side);
      let end = 0;
      forEachImage(planes, bits, first, last, (_, begin) => {
        for (let w = 0; w < wordsPerImage; w++) {
          for (let rest = bits[begin + w]; rest !== 0; rest &= rest - 1) {
            colIdx[end++] = 32 * w + 31 - Math.clz32(rest & -rest);
          }
        }
      });
      const own = rowPtr.slice(first, last + 1).map((p) => p - rowPtr[first]);
      const values = Float32Array.of(1);
      return { format: "csr", nrows: last - first, ncols: side * side, rowPtr: own, colIdx, values };
    },
  };
}

/** Calls `use` with every image of first .. last - 1 in order, and where its words begin in `bits`. */
function forEachImage(
  planes: PixelPlanes,
  bits: Uint32Array,
  first: number,
  last: number,
  use: (image: number, begin: number) => void,
): void {
  const wordsPerImage = (planes.side * planes.side) / 32;
  let gathered = -1;
  for (let image = first; image < last; image++) {
    const w = Math.floor(image / IMAGES_PER_WORD);
    if (w !== gathered) gatherImages(bits, planes, w);
    gathered = w;
    use(image, (image % IMAGES_PER_WORD) * wordsPerImage);
  }
}

/** bits[n][j][g] = pixels (32 g .. 32 g + 31, j) of image n among the 8 of word w. Shape: 8 x side x side/32 words. */
function gatherImages(bits: Uint32Array, planes: PixelPlanes, w: number): void {
  const { side, words, wordsPerPlane } = planes;
  const quarter = side / 4;
  const groups = side / 32;
  const square = new Uint32Array(32);
  for (let phase = 0; phase < quarter; phase++) {
    for (let g = 0; g < groups; g++) {
      for (let i = 0; i < 32; i++) square[i] = words[(phase * side + 32 * g + i) * wordsPerPlane + w];
      transposeBits(square);
      for (let b = 0; b < 32; b++) {
        const j = (b & 3) * quarter + phase;
        bits[((b >>> 2) * side + j) * groups + g] = square[b];
      }
    }
  }
}

/** Bit b of word i goes to bit i of word b: swaps ever smaller off-diagonal squares. Source: Hacker's Delight, 7-3. */
function transposeBits(square: Uint32Array): void {
  let mask = 0x0000ffff;
  for (let size = 16; size > 0; size >>>= 1) {
    for (let k = 0; k < 32; k = (k + size + 1) & ~size) {
      const swapped = ((square[k] >>> size) ^ square[k + size]) & mask;
      square[k + size] ^= swapped;
      square[k] ^= swapped << size;
    }
    mask ^= mask << (size >>> 1);
  }
}

function countOnes(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

function allocateIndices(count: number, dimension: number): ReturnType<typeof makeIndexArray> {
  try {
    return makeIndexArray(count, dimension);
  } catch (cause) {
    throw new ResourceError(`no memory for ${count} feature numbers of the inputs`, { cause });
  }
}
