"""The frame of the report's page: its style sheet, and no scripts."""

from __future__ import annotations

from string import Template

STYLE_SHEET = """
:root {
  color-scheme: light dark;
  --paper: #faf9f6; --card: #ffffff; --ink: #23211d; --soft: #67635a; --line: #dedad0;
  --n0: #1f5fae; --n1: #b4470f; --n2: #1d7a4c; --n3: #8a3d96; --n4: #8a6a00;
  --curve: #4d4a43;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #191817; --card: #232220; --ink: #ece9e2; --soft: #aaa69b; --line: #3b3934;
    --n0: #7fb2f0; --n1: #f09a63; --n2: #6cc79a; --n3: #d195dd; --n4: #d9b64c;
    --curve: #c4c0b5;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem clamp(1rem, 4vw, 3rem) 4rem; max-width: 84rem;
  background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", sans-serif;
}
h1 { font-size: clamp(1.6rem, 5vw, 2.4rem); line-height: 1.15; margin: 1rem 0 .5rem; }
h2 {
  font-size: 1.4rem; margin: 3rem 0 .75rem; padding-top: 1rem;
  border-top: 1px solid var(--line);
}
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
p { max-width: 46rem; }
figure { margin: 0; }
figcaption { color: var(--soft); font-size: .85rem; margin-top: .3rem; }
figcaption small { display: block; font-variant-numeric: tabular-nums; }
img { display: block; max-width: 100%; height: auto; border-radius: 3px; background: var(--line); }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; padding: 0; }
.legend svg { width: 24px; height: 12px; margin-right: .5rem; }
.tiles { display: flex; flex-wrap: wrap; gap: 1rem; }
.tile {
  flex: 1 1 18rem; background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: .9rem 1.2rem; border-left-width: 5px;
}
.tile.n0 { border-left-color: var(--n0); } .tile.n1 { border-left-color: var(--n1); }
.tile.n2 { border-left-color: var(--n2); } .tile.n3 { border-left-color: var(--n3); }
.tile.n4 { border-left-color: var(--n4); }
.tile h3 { margin: 0 0 .25rem; }
.tile dl { display: flex; flex-wrap: wrap; gap: .5rem 1.75rem; margin: 0; }
.tile div {
  flex: 1 1 7rem; display: flex; flex-direction: column-reverse; justify-content: flex-end;
}
.tile dd { margin: 0; font-size: 1.9rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tile dt { color: var(--soft); font-size: .85rem; line-height: 1.3; }
.plot {
  background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .75rem;
}
.overview > .plot { max-width: 34rem; margin: 1rem 0; }
.painting img { max-height: 14rem; width: auto; }
.pictures {
  display: grid; gap: 1rem; align-items: start;
  grid-template-columns: repeat(auto-fill, minmax(min(45%, 14rem), 1fr));
}
.pictures.large { grid-template-columns: repeat(auto-fill, minmax(min(45%, 22rem), 1fr)); }
.pictures .plot { grid-column: span 2; max-width: 34rem; }
.scroll { overflow-x: auto; margin: 1.25rem 0; }
.scroll:focus-visible, summary:focus-visible { outline: 2px solid var(--n0); outline-offset: 2px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
caption { text-align: left; font-weight: 600; padding: .25rem 0; }
th, td { padding: .2rem .75rem .2rem 0; text-align: right; white-space: nowrap; }
thead th { color: var(--soft); font-weight: 500; border-bottom: 1px solid var(--line); }
tbody th { text-align: left; font-weight: 500; vertical-align: top; }
tbody + tbody tr:first-child > * { border-top: 1px solid var(--line); }
tbody th[scope=rowgroup] { padding-top: .5rem; }
tbody th[scope=row] { padding-left: .75rem; }
tbody.all th[scope=rowgroup] { font-weight: 700; }
.reference, .reference th { color: var(--soft); font-weight: 400; }
details th[scope=row] { padding-left: 0; }
details td { text-align: left; white-space: normal; overflow-wrap: anywhere; }
.meanings { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.25rem; }
.meanings dd { margin: 0; color: var(--soft); }
svg { display: block; width: 100%; height: auto; overflow: visible; }
.legend li { display: flex; align-items: center; }
svg text { fill: var(--soft); font-size: 11px; font-family: inherit; }
.grid { stroke: var(--line); }
.one { stroke: var(--soft); stroke-dasharray: 2 3; }
.curve { fill: none; stroke: var(--curve); stroke-width: 2; }
.curve.noise { stroke-dasharray: 5 4; }
line.network { stroke-width: 1.5; }
line.tick { stroke-width: 1.5; opacity: .55; }
line.n0 { stroke: var(--n0); } circle.n0 { fill: var(--n0); }
line.n1 { stroke: var(--n1); } circle.n1 { fill: var(--n1); }
line.n2 { stroke: var(--n2); } circle.n2 { fill: var(--n2); }
line.n3 { stroke: var(--n3); } circle.n3 { fill: var(--n3); }
line.n4 { stroke: var(--n4); } circle.n4 { fill: var(--n4); }
@media print { .scroll { overflow: visible; } section { break-inside: auto; } }
"""

PAGE = Template(
    """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>"""
    + STYLE_SHEET
    + """</style>
</head>
<body>
<main>
$body
</main>
</body>
</html>
"""
)
