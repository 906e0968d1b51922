// The look of a report, on a screen and on paper. System fonts only: the page loads nothing.

export const REPORT_STYLE = `
:root { --ink: #1d2530; --soft: #5b6675; --rule: #dfe3e8; --mark: #eef5fb; color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 860px; padding: 32px 28px 64px; color: var(--ink); background: #fff;
  font: 15px/1.5 "Source Sans 3", "Segoe UI", "Helvetica Neue", Arial, "DejaVu Sans", sans-serif; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 8px; }
h2 { font-size: 21px; margin: 44px 0 10px; padding-bottom: 4px; border-bottom: 2px solid var(--ink); }
h3 { font-size: 16px; margin: 0 0 4px; }
a { color: #0b5c93; }
code { font-size: 0.92em; }
.lead { color: var(--soft); margin: 0 0 12px; }
nav ul { margin: 8px 0; padding: 0; list-style: none; display: flex; flex-wrap: wrap; gap: 4px 18px; }
.doubts { border-left: 4px solid #e69f00; background: #fdf8ec; padding: 8px 16px; margin: 12px 0; }
.doubts h2 { font-size: 15px; margin: 0; border: 0; padding: 0; }
.doubts ul { margin: 4px 0 0; padding-left: 18px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 3px 16px; margin: 12px 0 20px; }
dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
figure { margin: 28px 0; padding: 14px 16px 12px; border: 1px solid var(--rule); border-radius: 6px; }
figure svg { width: 100%; height: auto; }
figcaption { font-size: 13.5px; margin-top: 6px; color: var(--ink); }
.source { color: var(--soft); }
.legend { list-style: none; margin: 0 0 4px; padding: 0; display: flex; flex-wrap: wrap; gap: 2px 16px; font-size: 13px; }
.legend span { display: inline-block; width: 12px; height: 12px; margin-right: 6px; vertical-align: -1px; }
.legend span.field { background: var(--colour); }
.legend span.line, .legend span.dashed { height: 0; width: 18px; vertical-align: 4px; border-top: 3px solid var(--colour); }
.legend span.dashed { border-top-style: dashed; border-top-width: 2px; }
.legend span.dot { width: 8px; height: 8px; border: 1.5px solid var(--colour); border-radius: 50%; vertical-align: 1px; }
.missing { color: var(--soft); }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 12px; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: 6px 0; font-size: 13.5px; }
th, td { text-align: left; padding: 3px 6px 3px 0; border-bottom: 1px solid var(--rule); vertical-align: baseline; }
th { border-bottom: 2px solid var(--ink); vertical-align: bottom; line-height: 1.25; }
td { white-space: nowrap; }
td:first-child { white-space: normal; min-width: 7.5em; } td:last-child { white-space: normal; min-width: 6.5em; }
td.number, th.number { text-align: right; }
tr.fastest { background: var(--mark); font-weight: 600; }
footer { margin-top: 40px; color: var(--soft); font-size: 13px; }
@media print {
  @page { margin: 15mm; }
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  figure, tr, .doubts, dl { break-inside: avoid; }
  h2, h3, caption, thead { break-after: avoid; }
  section + section { break-before: page; }
  table { font-size: 8pt; } th, td { padding-right: 4px; }
  .table { overflow: visible; }
  nav { display: none; } a { color: inherit; text-decoration: none; }
}
`;
