// Fork and join between one worker that leads and others that come and go: the leader publishes a job, every helper that
// had joined by then does its share, the leader waits for all of them. Joining is possible at any moment and takes effect
// with the next job. All words of a leader lie in one line group of an Int32Array; helpers never write job fields.

/** 32-bit words of one leader: the words that different workers write lie on different cache lines. */
export const FORK_WORDS = 64;

const OPEN = 0;
const WORK_LEFT = 1;
const EPOCH = 16;
const MEMBERS = 32;
const DONE = 48;
/** Job fields follow the epoch on its line. */
const SIZE = EPOCH + 1;
const FIELDS = EPOCH + 2;
export const JOB_FIELDS = 6;

const SPINS = 2_000;
const SLEEP_MS = 100;

export type ForkWords = Int32Array<SharedArrayBuffer>;

export function makeForkWords(leaders: number): ForkWords {
  return new Int32Array(new SharedArrayBuffer(leaders * FORK_WORDS * 4));
}

/** Lets helpers join `leader` from now on. */
export function openFork(words: ForkWords, leader: number): void {
  const base = leader * FORK_WORDS;
  Atomics.store(words, base + MEMBERS, 0);
  Atomics.store(words, base + OPEN, 1);
}

/** Sends every helper of `leader` away. */
export function closeFork(words: ForkWords, leader: number): void {
  const base = leader * FORK_WORDS;
  Atomics.store(words, base + OPEN, 0);
  Atomics.add(words, base + EPOCH, 2);
  Atomics.notify(words, base + EPOCH);
}

/** A leader's estimate of what it still has to do, in any unit that all leaders share. */
export function setWorkLeft(words: ForkWords, leader: number, work: number): void {
  Atomics.store(words, leader * FORK_WORDS + WORK_LEFT, Math.min(0x7fff_ffff, Math.ceil(work)));
}

/** Work left of every leader that can be joined, -1 for the others. */
export function readWorkLeft(words: ForkWords, leaders: number): number[] {
  return Array.from({ length: leaders }, (_, leader) => {
    const base = leader * FORK_WORDS;
    return Atomics.load(words, base + OPEN) === 1 ? Atomics.load(words, base + WORK_LEFT) : -1;
  });
}

/** Helpers that have joined `leader`. */
export function countHelpers(words: ForkWords, leader: number): number {
  return Atomics.load(words, leader * FORK_WORDS + MEMBERS);
}

/**
 * The leader's side of one job: publishes it for itself and `helpers` helpers, does its own share (member 0), and waits
 * until all are done. `idle` is called now and then while waiting; what it throws ends the wait.
 */
export function forkJob(
  words: ForkWords,
  idle: () => void,
  leader: number,
  helpers: number,
  job: readonly number[],
  ownShare: () => void,
): void {
  const base = leader * FORK_WORDS;
  // An odd epoch says that the fields are being written.
  Atomics.add(words, base + EPOCH, 1);
  Atomics.store(words, base + DONE, 0);
  Atomics.store(words, base + SIZE, helpers + 1);
  for (let k = 0; k < JOB_FIELDS; k++) Atomics.store(words, base + FIELDS + k, job[k] ?? 0);
  Atomics.add(words, base + EPOCH, 1);
  Atomics.notify(words, base + EPOCH);
  ownShare();
  waitWhile(words, idle, base + DONE, (done) => done !== helpers);
}

/**
 * The helper's side: joins `leader`, does its share of every job, and returns when the leader closes (false when it had
 * closed before). `work` gets the member number (from 1), the size of the crew and the job's fields; `idle` as above.
 */
export function helpLeader(
  words: ForkWords,
  idle: () => void,
  leader: number,
  work: (member: number, size: number, job: readonly number[]) => void,
): boolean {
  const base = leader * FORK_WORDS;
  // Read before joining: every job that counts on this helper has a later epoch.
  let seen = Atomics.load(words, base + EPOCH);
  if (Atomics.load(words, base + OPEN) === 0) return false;
  const member = Atomics.add(words, base + MEMBERS, 1) + 1;
  for (;;) {
    if (Atomics.load(words, base + OPEN) === 0) return true;
    waitWhile(words, idle, base + EPOCH, (epoch) => epoch === seen || (epoch & 1) === 1);
    const epoch = Atomics.load(words, base + EPOCH);
    const size = Atomics.load(words, base + SIZE);
    const job = Array.from({ length: JOB_FIELDS }, (_, k) => Atomics.load(words, base + FIELDS + k) >>> 0);
    // A job without this helper may be replaced while it is read; one with it cannot be.
    if ((epoch & 1) === 1 || Atomics.load(words, base + EPOCH) !== epoch) continue;
    seen = epoch;
    if (Atomics.load(words, base + OPEN) === 0) return true;
    if (member >= size) continue;
    work(member, size, job);
    Atomics.add(words, base + DONE, 1);
    Atomics.notify(words, base + DONE);
  }
}

function waitWhile(words: ForkWords, idle: () => void, at: number, isEarly: (value: number) => boolean): void {
  for (let s = 0; s < SPINS; s++) if (!isEarly(Atomics.load(words, at))) return;
  for (;;) {
    const value = Atomics.load(words, at);
    if (!isEarly(value)) return;
    idle();
    Atomics.wait(words, at, value, SLEEP_MS);
  }
}
