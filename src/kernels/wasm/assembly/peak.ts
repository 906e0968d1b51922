// The ceiling that the tile kernels are measured against: loads of 128 bits and adds, and nothing else. Every 64 bytes
// are what one entry of a column costs a tile of 16 rows: 4 loads and 4 adds. Used by the benchmark only.

/**
 * Adds up `bytes` bytes (a multiple of 128) at `buffer`, `rounds` times, in 8 chains, and stores them at `out` (f32 x 32).
 * Fastest where V8 uses 128-bit registers.
 */
export function streamAdds8(out: usize, buffer: usize, bytes: usize, rounds: u32): void {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  let s6 = s0;
  let s7 = s0;
  const end = buffer + bytes;
  for (let round: u32 = 0; round < rounds; round++) {
    for (let at = buffer; at < end; at += 128) {
      s0 = f32x4.add(s0, v128.load(at, 0));
      s1 = f32x4.add(s1, v128.load(at, 16));
      s2 = f32x4.add(s2, v128.load(at, 32));
      s3 = f32x4.add(s3, v128.load(at, 48));
      s4 = f32x4.add(s4, v128.load(at, 64));
      s5 = f32x4.add(s5, v128.load(at, 80));
      s6 = f32x4.add(s6, v128.load(at, 96));
      s7 = f32x4.add(s7, v128.load(at, 112));
    }
  }
  v128.store(out, s0, 0);
  v128.store(out, s1, 16);
  v128.store(out, s2, 32);
  v128.store(out, s3, 48);
  v128.store(out, s4, 64);
  v128.store(out, s5, 80);
  v128.store(out, s6, 96);
  v128.store(out, s7, 112);
}

/**
 * The same in 16 chains (`bytes` a multiple of 256, `out` f32 x 64). Fastest where V8 joins pairs into 256-bit registers,
 * which leaves 8 chains; with 128 bits they do not all fit the registers.
 */
export function streamAdds16(out: usize, buffer: usize, bytes: usize, rounds: u32): void {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  let s6 = s0;
  let s7 = s0;
  let s8 = s0;
  let s9 = s0;
  let s10 = s0;
  let s11 = s0;
  let s12 = s0;
  let s13 = s0;
  let s14 = s0;
  let s15 = s0;
  const end = buffer + bytes;
  for (let round: u32 = 0; round < rounds; round++) {
    for (let at = buffer; at < end; at += 256) {
      s0 = f32x4.add(s0, v128.load(at, 0));
      s1 = f32x4.add(s1, v128.load(at, 16));
      s2 = f32x4.add(s2, v128.load(at, 32));
      s3 = f32x4.add(s3, v128.load(at, 48));
      s4 = f32x4.add(s4, v128.load(at, 64));
      s5 = f32x4.add(s5, v128.load(at, 80));
      s6 = f32x4.add(s6, v128.load(at, 96));
      s7 = f32x4.add(s7, v128.load(at, 112));
      s8 = f32x4.add(s8, v128.load(at, 128));
      s9 = f32x4.add(s9, v128.load(at, 144));
      s10 = f32x4.add(s10, v128.load(at, 160));
      s11 = f32x4.add(s11, v128.load(at, 176));
      s12 = f32x4.add(s12, v128.load(at, 192));
      s13 = f32x4.add(s13, v128.load(at, 208));
      s14 = f32x4.add(s14, v128.load(at, 224));
      s15 = f32x4.add(s15, v128.load(at, 240));
    }
  }
  v128.store(out, s0, 0);
  v128.store(out, s1, 16);
  v128.store(out, s2, 32);
  v128.store(out, s3, 48);
  v128.store(out, s4, 64);
  v128.store(out, s5, 80);
  v128.store(out, s6, 96);
  v128.store(out, s7, 112);
  v128.store(out, s8, 128);
  v128.store(out, s9, 144);
  v128.store(out, s10, 160);
  v128.store(out, s11, 176);
  v128.store(out, s12, 192);
  v128.store(out, s13, 208);
  v128.store(out, s14, 224);
  v128.store(out, s15, 240);
}
