// What the ranks of a group must agree on before they set out.

import { UnsupportedError } from "../../core/errors.ts";
import type { LayerPart } from "./deal-layers.ts";
import type { GroupLink } from "./group-link.ts";
import type { BatchPlan } from "./lay-out-grid.ts";
import type { GridLayer } from "./routes.ts";

/** @throws UnsupportedError */
export function refuseSoftmax(parts: readonly LayerPart[]): void {
  if (parts.every(({ rule }) => rule.activation.kind !== "softmax")) return;
  throw new UnsupportedError(
    "softmax needs all neurons of a row in one place: split rows only (--grid Rx1), not neurons",
  );
}

/** The first layer from which on every layer keeps a row of zeros a row of zeros. */
export function zeroSafeFrom(parts: readonly LayerPart[]): number {
  let first = parts.length;
  while (first > 0 && parts[first - 1].keepsZeroRows) first--;
  return first;
}

export interface GroupFacts {
  /** Whether any rank sends lines before layer l. */
  readonly isExchanged: readonly boolean[];
  /** Weights of the heaviest layer that a rank has on average. */
  readonly meanEdges: number;
}

export async function gatherFacts(
  link: GroupLink,
  parts: readonly LayerPart[],
  layers: readonly GridLayer[],
): Promise<GroupFacts> {
  const lines = Uint32Array.from(layers, ({ sends }) => sends.reduce((sum, { count }) => sum + count, 0));
  await link.wait(link.comm.start.allreduce(lines, "max"));
  return {
    isExchanged: Array.from(lines, (count) => count > 0),
    meanEdges: parts.reduce((most, { nnz }) => Math.max(most, nnz), 1) / link.size,
  };
}

/** The least of what the ranks of the group can do. */
export async function agreePlan(link: GroupLink, { slots, lanes, poolRows }: BatchPlan): Promise<BatchPlan> {
  const numbers = Uint32Array.of(slots, lanes, poolRows);
  await link.wait(link.comm.start.allreduce(numbers, "min"));
  return { slots: numbers[0], lanes: numbers[1], poolRows: numbers[2] };
}
