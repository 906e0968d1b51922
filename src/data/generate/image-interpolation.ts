// Fourier interpolation of a long strip of images, the way in which the Graph Challenge resized MNIST. Images of
// IMAGE_SIDE x IMAGE_SIDE lie side by side in file order, so that row i of all of them is one periodic signal of
// IMAGE_SIDE x images samples. A strip of images of another side is wanted, whose sample o lies at 28 o / side.
// Nothing here rounds to 0 and 1 and nothing runs in parallel: see resize-images.ts.
//
// The long signal is never transformed as a whole. With 28 = 7 x 4 and q = side / 4, the samples o = phase + q m
// (phase < q) lie at 7 (m + phase / q): every 7th sample of the signal delayed by 7 phase / q. Taking every 7th sample
// folds the spectrum 7 times over, to `block` = 4 x images points, and the unfolded spectrum is itself made of the
// transforms F_c of the 7 interleaved parts x[7 m + c]. The sums over the 7 folds and the 7 parts swap, which leaves
//   spectrum of a phase [r] = sum over c of K(phase / q - c / 7) e^(2 pi i r (7 phase / q - c) / signal length) F_c[r]
// for the signed frequency -block/2 < r < block/2, with the real K(u) = sum over j = -3..3 of cos(2 pi j u).

import { type FourierPlan, fourierInto, makeFourierPlan } from "./fourier.ts";

/** MNIST's images are 28 x 28. */
export const IMAGE_SIDE = 28;
const PARTS = 7;
const BLOCKS_PER_IMAGE = IMAGE_SIDE / PARTS;

/** Number of samples of one phase: 4 an image. */
export function phaseLength(images: number): number {
  return BLOCKS_PER_IMAGE * images;
}

/**
 * The matrix that takes IMAGE_SIDE samples of a periodic signal to `side` samples: the spectrum padded with zeros, its
 * Nyquist bin halved onto both ends. Shape: side x IMAGE_SIDE, row-major; sample o lies at IMAGE_SIDE o / side.
 */
export function makeInterpolationMatrix(side: number): Float64Array {
  const matrix = new Float64Array(side * IMAGE_SIDE);
  for (let o = 0; o < side; o++) {
    for (let i = 0; i < IMAGE_SIDE; i++) {
      const angle = (2 * Math.PI * ((IMAGE_SIDE * o) / side - i)) / IMAGE_SIDE;
      let sum = 1 + Math.cos((angle * IMAGE_SIDE) / 2);
      for (let k = 1; k < IMAGE_SIDE / 2; k++) sum += 2 * Math.cos(k * angle);
      matrix[o * IMAGE_SIDE + i] = sum / IMAGE_SIDE;
    }
  }
  return matrix;
}

/** The buffers and factors for strips of one length; about 900 bytes an image. Every array is complex, interleaved. */
export interface StripInterpolator {
  readonly images: number;
  readonly side: number;
  readonly plan: FourierPlan;
  /** side x IMAGE_SIDE, for the rows of images. */
  readonly rowMatrix: Float64Array;
  /** Part 0 of the loaded rows as it was: phase 0 of the result. */
  readonly firstPart: Float64Array;
  /** PARTS x block: after loading, F_c[r] e^(-2 pi i c r / signal length). */
  readonly parts: Float64Array;
  readonly folded: Float64Array;
  readonly scratch: Float64Array;
}

/** @throws UsageError unless 4 x images is a product of 2, 3 and 5. */
export function makeStripInterpolator(images: number, side: number): StripInterpolator {
  const block = phaseLength(images);
  return {
    images,
    side,
    plan: makeFourierPlan(block),
    rowMatrix: makeInterpolationMatrix(side),
    firstPart: new Float64Array(2 * block),
    parts: new Float64Array(2 * block * PARTS),
    folded: new Float64Array(2 * block),
    scratch: new Float64Array(2 * block),
  };
}

/**
 * Interpolates the strip to rows `row` and `row + 1` of the result (along i) and transforms them, the first as the real
 * part and the second as the imaginary part of one signal.
 * Shapes: `pixels`: images x IMAGE_SIDE x IMAGE_SIDE bytes at a multiple of 4 in its buffer.
 */
export function loadRowPair(strip: StripInterpolator, pixels: Uint8Array, row: number): void {
  const block = phaseLength(strip.images);
  scatterPixels(strip, pixels, row);
  strip.firstPart.set(strip.parts.subarray(0, 2 * block));
  for (let c = 0; c < PARTS; c++) {
    const part = strip.parts.subarray(2 * block * c, 2 * block * (c + 1));
    fourierInto(strip.folded, strip.plan, part, strip.scratch);
    part.set(strip.folded);
    turn(part, -c / (PARTS * block));
  }
}

/** parts[c][m] = the two interpolated rows at sample 7 m + c. Most pixels are 0, so four at once are looked at. */
function scatterPixels(strip: StripInterpolator, pixels: Uint8Array, row: number): void {
  const { images, parts, rowMatrix } = strip;
  const block = phaseLength(images);
  const fours = new Uint32Array(pixels.buffer, pixels.byteOffset, pixels.length / 4);
  const foursPerRow = IMAGE_SIDE / 4;
  const offsets = new Uint32Array(IMAGE_SIDE);
  for (let j = 0; j < IMAGE_SIDE; j++) offsets[j] = 2 * (block * (j % PARTS) + Math.floor(j / PARTS));
  parts.fill(0);
  let at = 0;
  for (let n = 0; n < images; n++) {
    const base = 2 * BLOCKS_PER_IMAGE * n;
    for (let i = 0; i < IMAGE_SIDE; i++) {
      const first = rowMatrix[row * IMAGE_SIDE + i];
      const second = rowMatrix[(row + 1) * IMAGE_SIDE + i];
      for (let four = 0; four < foursPerRow; four++, at++) {
        if (fours[at] === 0) continue;
        for (let b = 0; b < 4; b++) {
          const pixel = pixels[4 * at + b];
          const to = base + offsets[4 * four + b];
          parts[to] += first * pixel;
          parts[to + 1] += second * pixel;
        }
      }
    }
  }
}

/** Angles are cut in two so that two small tables hold every factor: r = coarse FINE + fine. */
const FINE_BITS = 9;
const FINE = 1 << FINE_BITS;

interface TurnTables {
  readonly coarse: Float64Array;
  readonly fine: Float64Array;
}

/** Tables of e^(2 pi i r turns) for 0 <= r <= last. */
function makeTurnTables(last: number, turns: number): TurnTables {
  return { coarse: makeTurns(Math.floor(last / FINE) + 1, FINE * turns), fine: makeTurns(FINE, turns) };
}

function makeTurns(count: number, turns: number): Float64Array {
  const factors = new Float64Array(2 * count);
  for (let k = 0; k < count; k++) {
    factors[2 * k] = Math.cos(2 * Math.PI * k * turns);
    factors[2 * k + 1] = Math.sin(2 * Math.PI * k * turns);
  }
  return factors;
}

/** spectrum[r] x= e^(2 pi i r turns) for signed r; the entry at half the length, which has both signs, stays. */
function turn(spectrum: Float64Array, turns: number): void {
  const length = spectrum.length / 2;
  const half = length / 2;
  const { coarse, fine } = makeTurnTables(half, turns);
  for (let r = 1; r < half; r++) {
    const c = 2 * (r >>> FINE_BITS);
    const f = 2 * (r & (FINE - 1));
    const wr = coarse[c] * fine[f] - coarse[c + 1] * fine[f + 1];
    const wi = coarse[c] * fine[f + 1] + coarse[c + 1] * fine[f];
    const p = 2 * r;
    const re = spectrum[p];
    spectrum[p] = re * wr - spectrum[p + 1] * wi;
    spectrum[p + 1] = re * wi + spectrum[p + 1] * wr;
    const m = 2 * (length - r);
    const mirrored = spectrum[m];
    spectrum[m] = mirrored * wr + spectrum[m + 1] * wi;
    spectrum[m + 1] = spectrum[m + 1] * wr - mirrored * wi;
  }
}

/**
 * Samples phase + (side / 4) m of the two loaded rows, for every m.
 * Shapes: `samples`: block x 2, the first row's value before the second's. Overwrites `samples` only.
 */
export function phaseInto(samples: Float64Array, strip: StripInterpolator, phase: number): void {
  if (phase === 0) {
    samples.set(strip.firstPart);
    return;
  }
  const { folded, plan, scratch } = strip;
  const delay = phase / (strip.side / 4);
  foldInto(folded, strip.parts, delay);
  turn(folded, delay / plan.length);
  // The inverse transform: conjugate before and after.
  for (let p = 1; p < folded.length; p += 2) folded[p] = -folded[p];
  fourierInto(samples, plan, folded, scratch);
  for (let p = 1; p < samples.length; p += 2) samples[p] = -samples[p];
}

/** folded[r] = sum over c of K(delay - c / 7) parts[c][r] / signal length; the entry at half the length is finished too. */
function foldInto(folded: Float64Array, parts: Float64Array, delay: number): void {
  const size = folded.length;
  const kernel = new Float64Array(PARTS);
  let halfRe = 0;
  let halfIm = 0;
  for (let c = 0; c < PARTS; c++) {
    const u = delay - c / PARTS;
    let sum = 1;
    for (let j = 1; j <= (PARTS - 1) / 2; j++) sum += 2 * Math.cos(2 * Math.PI * j * u);
    kernel[c] = (2 * sum) / (size * PARTS);
    // Frequencies block/2 and -block/2 are one entry: the mean of their two opposite turns is a cosine.
    halfRe += kernel[c] * Math.cos(Math.PI * u) * parts[c * size + size / 2];
    halfIm += kernel[c] * Math.cos(Math.PI * u) * parts[c * size + size / 2 + 1];
  }
  const [k0, k1, k2, k3, k4, k5, k6] = kernel;
  for (let p = 0; p < size; p++) {
    folded[p] =
      k0 * parts[p] +
      k1 * parts[p + size] +
      k2 * parts[p + 2 * size] +
      k3 * parts[p + 3 * size] +
      k4 * parts[p + 4 * size] +
      k5 * parts[p + 5 * size] +
      k6 * parts[p + 6 * size];
  }
  folded[size / 2] = halfRe;
  folded[size / 2 + 1] = halfIm;
}
