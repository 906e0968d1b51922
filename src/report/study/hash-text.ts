// How charts and tables name a hashing.

/** "none", "input, deal". */
export function hashText(mode: string, method: string | null): string {
  return method === null ? mode : `${mode}, ${method}`;
}

/** The mode of such a name. */
export function modeOfHashing(hashing: string): string {
  return hashing.split(",")[0] ?? hashing;
}
