// Lines of a tile picked out: a neuron's line is its value in each row of the tile, `lanes` consecutive f32.

/**
 * Copies the lines listed at `list` (u32 x count) of the tile to `out`, one after the other.
 * Shapes: line k of `out`: `lanes` f32 at out + 4 k lanes. The two must not overlap.
 */
export function gatherLines(out: usize, tile: usize, lanes: i32, list: usize, count: u32): void {
  const end = list + ((<usize>count) << 2);
  if (lanes == 32) {
    for (let at = list; at < end; at += 4, out += 128) {
      const line = tile + ((<usize>load<u32>(at)) << 7);
      v128.store(out, v128.load(line, 0), 0);
      v128.store(out, v128.load(line, 16), 16);
      v128.store(out, v128.load(line, 32), 32);
      v128.store(out, v128.load(line, 48), 48);
      v128.store(out, v128.load(line, 64), 64);
      v128.store(out, v128.load(line, 80), 80);
      v128.store(out, v128.load(line, 96), 96);
      v128.store(out, v128.load(line, 112), 112);
    }
    return;
  }
  if (lanes == 1) {
    for (let at = list; at < end; at += 4, out += 4) store<f32>(out, load<f32>(tile + ((<usize>load<u32>(at)) << 2)));
    return;
  }
  const bytes = (<usize>lanes) << 2;
  for (let at = list; at < end; at += 4, out += bytes) {
    const line = tile + <usize>load<u32>(at) * bytes;
    for (let k: usize = 0; k < bytes; k += 16) v128.store(out + k, v128.load(line + k));
  }
}

/** Copies `bytes` bytes from `from` to `out`; the two may overlap. */
export function copyBytes(out: usize, from: usize, bytes: usize): void {
  memory.copy(out, from, bytes);
}
