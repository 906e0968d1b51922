// Numbers for people: one place decides how bytes, seconds, counts and rates are written.

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** 1536 -> "1.5 KiB". */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 2 : 1)} ${BYTE_UNITS[unit]}`;
}

/** 1234567 -> "1 234 567". */
export function formatCount(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, " ");
}

/** 0.0123 -> "12.3 ms"; 75 -> "75.0 s". */
export function formatSeconds(seconds: number): string {
  if (seconds < 1e-3) return `${(seconds * 1e6).toFixed(1)} us`;
  if (seconds < 1) return `${(seconds * 1e3).toFixed(1)} ms`;
  return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
}

/** 1.2e10 -> "12.0 G"; used for rates, with the unit added by the caller. */
export function formatRate(perSecond: number): string {
  const steps: [number, string][] = [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ];
  for (const [size, letter] of steps) {
    if (perSecond >= size) return `${(perSecond / size).toFixed(1)} ${letter}`;
  }
  return `${perSecond.toFixed(1)} `;
}

/** Reads "1GiB", "512 MiB", "2g", "1048576". @returns bytes, or NaN where the text is no size. */
export function parseBytes(text: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*$/i.exec(text);
  if (match === null) return Number.NaN;
  const power = "kmgt".indexOf((match[2] ?? "").toLowerCase()) + 1;
  return Math.floor(Number(match[1]) * 1024 ** (match[2] === "" ? 0 : power));
}
