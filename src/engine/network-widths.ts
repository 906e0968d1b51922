// How wide a network is, in the three ways that memory is laid out by.

/** In neurons. */
export interface NetworkWidths {
  /** Of the widest layer or input: what a buffer must hold of a row. */
  readonly widest: number;
  /** Of the widest layer: what is stored of a row between layers. */
  readonly widestOutput: number;
  /** Half of the weights lie in layers that read and write no more: what the caches should hold of a row. */
  readonly typical: number;
}

export interface LayerSize {
  readonly nrows: number;
  readonly ncols: number;
  readonly nnz: number;
}

export function widthsOf(layers: readonly LayerSize[]): NetworkWidths {
  const widthOf = ({ nrows, ncols }: LayerSize): number => Math.max(nrows, ncols, 1);
  const byWidth = layers.toSorted((a, b) => widthOf(a) - widthOf(b));
  const half = layers.reduce((sum, { nnz }) => sum + nnz, 0) / 2;
  let before = 0;
  const typical = byWidth.find(({ nnz }) => (before += nnz) >= half);
  return {
    widest: byWidth.length === 0 ? 1 : widthOf(byWidth[byWidth.length - 1]),
    widestOutput: layers.reduce((widest, { ncols }) => Math.max(widest, ncols), 1),
    typical: typical === undefined ? 1 : widthOf(typical),
  };
}
