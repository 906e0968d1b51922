// Rates, defined once for every record, table and benchmark.

/**
 * Edges (rows x stored weights) divided by inference seconds, reading and preparing left out. For *nominal* edges this is
 * the Graph Challenge's rate; it says nothing about the work really done, so it always stands beside the *computed* one.
 * @returns null where no time was measured.
 */
export function edgesPerSecond(edges: number, seconds: number): number | null {
  return seconds > 0 ? edges / seconds : null;
}
