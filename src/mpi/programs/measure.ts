// Measures the binding between two ranks and prints one JSON object: nanoseconds of small calls, bytes per second of
// messages over shared WebAssembly memory. Medians of 5 samples; the blocking forms unless "awaited" is said.
// mpiexec -n 2 node dist/mpi/programs/measure.js

import { type Mpi, openMpi } from "../mpi.ts";
import { Request } from "../request.ts";

const SAMPLES = 5;
const MESSAGE_BYTES = [1 << 10, 1 << 14, 1 << 18, 1 << 20, 1 << 22, 1 << 24, 1 << 26];
/** What one sample of a bandwidth moves, at most and at least in messages. */
const SAMPLE_BYTES = 1 << 28;
const MIN_MESSAGES = 4;
const MAX_MESSAGES = 500;

function median(samples: readonly number[]): number {
  return samples.toSorted((a, b) => a - b)[samples.length >> 1];
}

/** Nanoseconds of one call. */
async function measureNs(calls: number, call: () => unknown): Promise<number> {
  const samples: number[] = [];
  for (let k = 0; k < SAMPLES; k++) {
    const started = performance.now();
    for (let i = 0; i < calls; i++) {
      const done = call();
      // Awaiting what is no promise would measure the microtask queue.
      if (done instanceof Promise) await done;
    }
    samples.push(((performance.now() - started) * 1e6) / calls);
  }
  return Math.round(median(samples));
}

async function measureCalls(mpi: Mpi): Promise<Record<string, number>> {
  const { world, rank } = mpi;
  const partner = 1 - rank;
  const one = new Float32Array(1);
  using self = world.split(rank, 0);
  if (self === null) throw new Error("this rank is in no group");
  const pingPong = (): void => {
    if (rank === 0) world.blocking.send(one, { to: partner, tag: 1 });
    world.blocking.receive(one, { from: partner, tag: 1 });
    if (rank === 1) world.blocking.send(one, { to: partner, tag: 1 });
  };
  return {
    wtime: await measureNs(100_000, () => mpi.now()),
    iprobe: await measureNs(50_000, () => world.peek({ from: "any", tag: 1 }, "int32")),
    allreduceAlone: await measureNs(50_000, () => self.blocking.allreduce(one, "sum")),
    barrier: await measureNs(5000, () => world.blocking.barrier()),
    barrierAwaited: await measureNs(5000, () => world.start.barrier().wait()),
    allreduce: await measureNs(5000, () => world.blocking.allreduce(one, "max")),
    roundTrip: await measureNs(5000, pingPong),
  };
}

interface Bandwidth {
  readonly bytes: number;
  /** Rank 0 to rank 1; both ways at once, awaited. */
  readonly sendBytesPerSecond: number;
  readonly exchangeBytesPerSecond: number;
}

async function measureBandwidth({ world, rank }: Mpi, memory: WebAssembly.Memory, bytes: number): Promise<Bandwidth> {
  const partner = 1 - rank;
  const half = memory.buffer.byteLength / 2;
  const out = new Uint8Array(memory.buffer, 0, bytes);
  const into = new Uint8Array(memory.buffer, half, bytes);
  const count = Math.max(MIN_MESSAGES, Math.min(MAX_MESSAGES, SAMPLE_BYTES / bytes));
  const samples: { readonly send: number; readonly exchange: number }[] = [];
  for (let k = 0; k < SAMPLES; k++) {
    world.blocking.barrier();
    const sendStart = performance.now();
    for (let i = 0; i < count; i++) {
      if (rank === 0) world.blocking.send(out, { to: partner, tag: 2 });
      else world.blocking.receive(into, { from: partner, tag: 2 });
    }
    world.blocking.barrier();
    const exchangeStart = performance.now();
    for (let i = 0; i < count; i++) {
      const receiving = world.start.receive(into, { from: partner, tag: 3 });
      const sending = world.start.send(out, { to: partner, tag: 3 });
      await Request.all<unknown>([receiving, sending]);
    }
    world.blocking.barrier();
    const end = performance.now();
    const perSecond = (start: number, stop: number): number => (bytes * count * 1000) / (stop - start);
    samples.push({ send: perSecond(sendStart, exchangeStart), exchange: 2 * perSecond(exchangeStart, end) });
  }
  return {
    bytes,
    sendBytesPerSecond: Math.round(median(samples.map(({ send }) => send))),
    exchangeBytesPerSecond: Math.round(median(samples.map(({ exchange }) => exchange))),
  };
}

using mpi = openMpi();
if (mpi.size !== 2) throw new Error(`${mpi.size} ranks, expected mpiexec -n 2`);
const memory = new WebAssembly.Memory({ initial: 2048, maximum: 2048, shared: true });
const callNs = await measureCalls(mpi);
const messages: Bandwidth[] = [];
for (const bytes of MESSAGE_BYTES) messages.push(await measureBandwidth(mpi, memory, bytes));
const { family, version } = mpi;
if (mpi.rank === 0) console.log(JSON.stringify({ family, version: version.slice(0, 40), callNs, messages }, null, 2));
mpi.close();
