// A reporter for node:test beside another one: says at the end which tests were skipped and why, one line a reason. The
// dots alone show a skipped test like one that passed.

export default async function* reportSkips(events) {
  const countOf = new Map();
  for await (const { type, data } of events) {
    if (type !== "test:pass" || data.skip === undefined || data.skip === false) continue;
    const reason = typeof data.skip === "string" && data.skip !== "" ? data.skip : "no reason given";
    countOf.set(reason, (countOf.get(reason) ?? 0) + 1);
  }
  for (const [reason, count] of countOf) yield `skipped ${count} ${count === 1 ? "test" : "tests"}: ${reason}\n`;
}
