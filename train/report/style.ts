/** The page's style: light or dark like the reader's system, one column on a phone, black on white in print. */
export const style = `
:root {
  color-scheme: light dark;
  --background: light-dark(#f7f7f5, #15171a); --card: light-dark(#ffffff, #1d2024); --text: light-dark(#1d2125, #e4e6e8);
  --quiet: light-dark(#646b73, #9aa1a9); --line: light-dark(#e2e3e1, #31353a); --accent: light-dark(#3a6ea5, #7fb0e6);
  --shallow: light-dark(#e08a1e, #f2b25c); --deep: light-dark(#2a4fb5, #7aa2ff);
  --set-1: light-dark(#2a4fb5, #7aa2ff); --set-2: light-dark(#c2477f, #f08ab8); --set-3: light-dark(#2c8a6b, #62cba7); --set-4: light-dark(#8a6d1c, #dcbb5c);
  --wrong: light-dark(#b3261e, #ff9c93); --wrong-back: light-dark(#fde8e6, #47211f);
  --gone: light-dark(#6b7076, #a6adb4); --gone-back: light-dark(#ecedee, #33373c);
  --more: light-dark(#7a4d00, #f4c677); --more-back: light-dark(#fdf0d5, #453413);
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--background); color: var(--text); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 36px 24px 60px; }
h1 { font-size: 26px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.01em; }
h2 { font-size: 18px; margin: 36px 0 12px; }
h3 { font-size: 14px; margin: 18px 0 8px; }
.note, header p, small { color: var(--quiet); }
header p { margin: 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 22px 0 0; }
.tiles div, .chart, .card, .example { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.tiles div { padding: 14px 16px; display: flex; flex-direction: column; }
.tiles b { font-size: 22px; line-height: 1.3; font-weight: 650; letter-spacing: -0.01em; font-variant-numeric: tabular-nums; white-space: nowrap; }
.tiles small { font-size: 12.5px; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 14px; }
.chart { margin: 0; padding: 14px 14px 6px; display: flex; flex-direction: column; }
.chart.wide { grid-column: 1 / -1; overflow-x: auto; }
.chart.wide svg { min-width: 640px; }
.chart svg { flex: none; width: 100%; height: auto; margin-top: auto; overflow: visible; }
figcaption { display: flex; flex-wrap: wrap; gap: 0 10px; align-items: baseline; padding: 0 4px 8px; }
figcaption .note { font-size: 13px; }
.legend { display: flex; gap: 14px; margin-left: auto; font-size: 13px; }
.legend i { display: inline-block; width: 14px; height: 3px; border-radius: 2px; margin-right: 6px; vertical-align: middle; print-color-adjust: exact; }
.card { padding: 6px 16px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { text-align: right; padding: 7px 10px; white-space: nowrap; }
th:first-child { text-align: left; vertical-align: top; }
thead th { color: var(--quiet); font-weight: 500; }
tbody { border-top: 1px solid var(--line); }
.example { padding: 10px 16px; margin-bottom: 10px; break-inside: avoid; }
.example code { color: var(--quiet); font-size: 12.5px; overflow-wrap: anywhere; }
.heard { display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: center; min-height: 32px; }
.heard small { margin-left: auto; }
audio { height: 32px; width: 260px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 4px 0 0; }
dt { color: var(--quiet); }
dd { margin: 0; }
.word { padding: 0 4px; border-radius: 4px; print-color-adjust: exact; }
.word del { opacity: 0.75; }
.substitution { color: var(--wrong); background: var(--wrong-back); }
.deletion { color: var(--gone); background: var(--gone-back); }
.insertion { color: var(--more); background: var(--more-back); text-decoration: underline; }
pre { margin: 10px 0; font: 12.5px/1.5 ui-monospace, "Cascadia Mono", Menlo, "Liberation Mono", monospace; columns: 300px; column-gap: 32px; white-space: pre-wrap; }
footer { margin-top: 36px; color: var(--quiet); font-size: 13px; }
@media print {
  :root { color-scheme: light; --background: #fff; }
  main { padding: 0; max-width: none; }
  .chart, .tiles div, .card { break-inside: avoid; }
  .charts { grid-template-columns: 1fr 1fr; }
  .chart.wide svg { min-width: 0; }
  table { font-size: 10.5px; } th, td { padding: 4px 5px; }
  .scroll, .chart.wide { overflow: visible; }
  .tiles { grid-template-columns: repeat(5, 1fr); } .tiles div { padding: 8px 10px; } .tiles b { font-size: 16px; }
  audio, .heard small { display: none; }
  h2, h3 { break-after: avoid; }
}
`;
