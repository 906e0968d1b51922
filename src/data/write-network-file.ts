// Networks into safetensors files, layer by layer from any iterable, so that memory holds one layer at a time.
// Equal arrays (the same pointers in every layer, a layer that comes back) are found by their SHA-256 and stored once.

import { createHash } from "node:crypto";
import { ShapeError, UsageError } from "../core/errors.ts";
import type { Activation, LayerRule } from "../network/layer-rule.ts";
import type { Layer } from "../network/network.ts";
import { checkCsc } from "../sparse/check.ts";
import type { IndexArray } from "../sparse/matrix.ts";
import { checkNotAborted } from "./file-errors.ts";
import {
  formatMetadata,
  LAYER_TENSORS,
  type LayerTensor,
  NETWORK_FORMAT,
  OUTPUT_MAP_TENSOR,
  parseMetadata,
  type StoredLayer,
} from "./network-metadata.ts";
import { openSafetensorsWriter } from "./safetensors-writer.ts";
import { writeAtomically } from "./write-atomically.ts";

/** Four tensor entries of at most 110 bytes, the layer's own record, and a rule if each layer has another one. */
const HEADER_BYTES_PER_LAYER = 1024;
const HEADER_BYTES = 4096;

/** Room for the header of a file of `layerCount` layers; a multiple of 8. */
export function networkHeaderBytes(layerCount: number): number {
  return HEADER_BYTES + layerCount * HEADER_BYTES_PER_LAYER;
}

export interface WriteOptions {
  readonly signal?: AbortSignal | undefined;
  /** As in Network; asked for when all layers are written. */
  readonly outputMap?: () => Uint32Array | null;
  /** Layers written so far, and whether the weights of the last of them stood in the file already. */
  readonly onLayer?: ((layersDone: number, layerCount: number, isShared: boolean) => void) | undefined;
}

/**
 * Writes `layerCount` layers. @throws ShapeError for layers that do not fit each other, UsageError when the iterable
 * gives another number of layers, ResourceError for a full disk.
 */
export async function writeNetworkFile(
  path: string,
  layers: Iterable<Layer> | AsyncIterable<Layer>,
  layerCount: number,
  options: WriteOptions = {},
): Promise<void> {
  if (!Number.isInteger(layerCount) || layerCount < 1) {
    throw new UsageError(`number of layers is ${layerCount}, expected an integer of at least 1`);
  }
  await writeAtomically(
    path,
    async (temporary) => {
      await using writer = await openSafetensorsWriter(temporary, networkHeaderBytes(layerCount));
      const storedAt = new Map<string, number>();
      const rules = new Map<string, { readonly index: number; readonly rule: LayerRule }>();
      const written: StoredLayer[] = [];
      for await (const layer of layers) {
        checkNotAborted(options.signal);
        const l = written.length;
        if (l === layerCount) throw new UsageError(`more than the ${layerCount} layers that were announced`);
        checkNext(layer, l, written.at(-1));
        const stored: Record<LayerTensor, number> = { indptr: l, indices: l, values: l, bias: l };
        for (const tensor of LAYER_TENSORS) {
          const elements = tensorOf(layer, tensor);
          const key = `${tensor} ${hashArray(elements)}`;
          stored[tensor] = storedAt.get(key) ?? l;
          if (storedAt.has(key)) continue;
          storedAt.set(key, l);
          await writer.write(`layers.${l}.${tensor}`, dtypeOf(elements), elements);
        }
        const ruleKey = ruleText(layer.rule);
        const index = rules.get(ruleKey)?.index ?? rules.size;
        rules.set(ruleKey, { index, rule: layer.rule });
        written.push({ shape: [layer.weights.nrows, layer.weights.ncols], rule: index, stored });
        const isShared = stored.indptr < l && stored.indices < l && stored.values < l;
        options.onLayer?.(written.length, layerCount, isShared);
      }
      if (written.length !== layerCount) {
        throw new UsageError(`${written.length} layers came, ${layerCount} were announced`);
      }
      const allRules = Array.from(rules.values(), ({ rule }) => rule);
      const outputMap = options.outputMap?.() ?? null;
      if (outputMap !== null) await writer.write(OUTPUT_MAP_TENSOR, "U32", outputMap);
      const mappedOutputs = outputMap?.length ?? null;
      const gossamer = formatMetadata({ orientation: "csc", rules: allRules, layers: written, mappedOutputs });
      parseMetadata(path, gossamer);
      await writer.finish({ format: NETWORK_FORMAT, gossamer });
    },
    options.signal,
  );
}

function checkNext(layer: Layer, l: number, before: StoredLayer | undefined): void {
  const { weights, bias } = layer;
  checkCsc(weights, `layer ${l + 1}`);
  if (before !== undefined && before.shape[1] !== weights.nrows) {
    throw new ShapeError(`layer ${l + 1} reads ${weights.nrows} neurons, expected ${before.shape[1]} of layer ${l}`);
  }
  if (bias.length !== 1 && bias.length !== weights.ncols) {
    throw new ShapeError(`layer ${l + 1} has ${bias.length} biases, expected 1 or ${weights.ncols}`);
  }
  const at = bias.findIndex((b) => !Number.isFinite(b));
  if (at >= 0) throw new ShapeError(`layer ${l + 1}: bias ${at} is ${bias[at]}, expected a finite number`);
}

function tensorOf(layer: Layer, tensor: LayerTensor): IndexArray | Float32Array {
  switch (tensor) {
    case "indptr":
      return layer.weights.colPtr;
    case "indices":
      return layer.weights.rowIdx;
    case "values":
      return layer.weights.values;
    case "bias":
      return layer.bias;
  }
}

function dtypeOf(elements: IndexArray | Float32Array): "U16" | "U32" | "F32" {
  if (elements instanceof Float32Array) return "F32";
  return elements instanceof Uint16Array ? "U16" : "U32";
}

function hashArray(elements: IndexArray | Float32Array): string {
  const bytes = new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
  return `${dtypeOf(elements)} ${createHash("sha256").update(bytes).digest("base64")}`;
}

/** Equal for equal rules, also with infinite bounds, which JSON would drop. */
function ruleText({ activation, biasRule }: LayerRule): string {
  const fields = Object.entries(activation satisfies Activation).map(([key, value]) => `${key}=${String(value)}`);
  return `${biasRule} ${fields.toSorted().join(" ")}`;
}
