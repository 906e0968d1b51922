// Makes small tar.gz archives laid out like the challenge's neuronN.tar.gz, and hostile ones, in memory.

import { gzipSync } from "node:zlib";
import { type Header, pack } from "tar-stream";

export interface ArchiveEntry {
  readonly name: string;
  readonly content?: string;
  readonly type?: Header["type"];
  readonly linkname?: string;
}

/** Text of a layer: a few lines that differ from layer to layer. */
export function tinyLayer(layer: number): string {
  return `${layer}\t1\t6.250000e-02\n1024\t${layer}\t6.250000e-02\n`;
}

/** Entries neuronN/nN-l1.tsv .. in the order that a directory listing has: 1, 10, 100, 101, ... */
export function tinyLayers(neurons: number, layers: number): ArchiveEntry[] {
  const names = Array.from({ length: layers }, (_, k) => `neuron${neurons}/n${neurons}-l${k + 1}.tsv`).toSorted();
  return names.map((name) => ({ name, content: tinyLayer(Number(/-l(\d+)\.tsv$/.exec(name)?.[1])) }));
}

/** An uncompressed tar of the entries. */
export async function makeTar(entries: readonly ArchiveEntry[]): Promise<Buffer> {
  const tar = pack();
  const add = async (): Promise<void> => {
    for (const { name, content = "", type = "file", linkname = "" } of entries) {
      await new Promise<void>((resolve, reject) => {
        const done = (error?: Error | null): void => (error ? reject(error) : resolve());
        if (type === "file") tar.entry({ name }, content, done);
        else tar.entry({ name, type, linkname }, done).end(null);
      });
    }
    tar.finalize();
  };
  const adding = add();
  const chunks: Uint8Array[] = [];
  for await (const chunk of tar) if (chunk instanceof Uint8Array) chunks.push(chunk);
  await adding;
  return Buffer.concat(chunks);
}

export async function makeTarGz(entries: readonly ArchiveEntry[]): Promise<Buffer> {
  return gzipSync(await makeTar(entries));
}
