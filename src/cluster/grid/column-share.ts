// Which columns of a layer each rank of a group owns: contiguous shares of about equal weight.

/**
 * Starts of `shares` contiguous shares, shares + 1 of them. A column weighs its stored weights and one more, so that a
 * layer of empty columns is shared as well.
 * @param colPtr offsets of the columns' entries, one more than there are columns
 */
export function shareColumns(colPtr: Uint32Array, shares: number): Uint32Array {
  const columns = colPtr.length - 1;
  const total = colPtr[columns] + columns;
  const starts = new Uint32Array(shares + 1);
  let column = 0;
  for (let share = 1; share < shares; share++) {
    const wanted = (total * share) / shares;
    while (column < columns && colPtr[column] + column < wanted) column++;
    starts[share] = column;
  }
  starts[shares] = columns;
  return starts;
}
