// Which Node this program needs, checked before anything else is loaded. Plain JavaScript that any Node since 12 reads.

export const REQUIRED_NODE = "22.12.0";

/** True when version `found` ("22.12.0") is at least `wanted`. */
export function isAtLeast(found, wanted) {
  const a = found.split(".").map(Number);
  const b = wanted.split(".").map(Number);
  for (let i = 0; i < 3; i++) {
    if (a[i] !== b[i]) return a[i] > b[i];
  }
  return true;
}

export function isNodeRecent() {
  return isAtLeast(process.versions.node, REQUIRED_NODE);
}

/** The one line for a Node that is too old. */
export function nodeMessage() {
  return (
    `gossamer: needs Node ${REQUIRED_NODE} or newer, this is Node ${process.versions.node}; ` +
    "install a newer Node, or run npm install without --omit=optional (it brings its own on Linux)"
  );
}

/** Ends the process with one line and exit status 2 when this Node is too old. */
export function requireNode() {
  if (isNodeRecent()) return;
  console.error(nodeMessage());
  process.exit(2);
}
