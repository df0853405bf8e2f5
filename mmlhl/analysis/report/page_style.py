"""The style sheet of the page: light or dark like the reader's system, as wide as the window."""

#: Contrast of text is at least 4.5 to 1 in both schemes. Pictures have a white background.
CSS = """
:root { color-scheme: light dark; --ground: #ffffff; --text: #1b1f24; --soft: #57606a;
  --line: #d0d7de; --plate: #f6f8fa; --link: #0550ae; --focus: #bc4c00; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #12161c; --text: #e6edf3; --soft: #9aa5b1; --line: #3a424c;
    --plate: #1b2129; --link: #79b8ff; --focus: #ffa657; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); line-height: 1.5;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
header, nav, main, footer { max-width: 76rem; margin: 0 auto; padding: 0 1rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 1.2rem 0 .4rem; }
h2 { font-size: 1.35rem; margin: 2.2rem 0 .5rem; padding-top: .6rem;
  border-top: 1px solid var(--line); }
h3 { font-size: 1.1rem; margin: 1.5rem 0 .4rem; }
h1, h2, h3, p, caption, figcaption, li { overflow-wrap: anywhere; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: .5rem; padding: .4rem .8rem; background: var(--ground);
  border: 1px solid var(--line); z-index: 1; }
nav ul { padding-left: 1.2rem; margin: .3rem 0; columns: 18rem auto; }
.scroll { overflow-x: auto; margin: .8rem 0; border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: separate; border-spacing: 0; width: 100%;
  font-variant-numeric: tabular-nums; font-size: .92rem; }
caption { text-align: left; padding: .5rem .7rem; font-weight: 600; }
caption span { display: inline-block; position: sticky; left: .7rem;
  max-width: calc(100vw - 4rem); }
tbody th { position: sticky; left: 0; background: var(--ground); }
thead th:first-child { position: sticky; left: 0; }
th, td { padding: .3rem .7rem; border-top: 1px solid var(--line); text-align: left;
  vertical-align: top; }
thead th { background: var(--plate); }
td.number, th.number { text-align: right; white-space: nowrap; }
figure { margin: 1rem 0; }
figure > div { overflow-x: auto; background: #ffffff; border: 1px solid var(--line);
  border-radius: 6px; padding: .4rem; }
figure img { display: block; max-width: 100%; height: auto; margin: 0 auto; }
figcaption, .note, footer { color: var(--soft); font-size: .9rem; }
details { margin: .6rem 0; }
summary { cursor: pointer; }
pre { overflow: auto; max-height: 30rem; background: var(--plate); padding: .7rem;
  border: 1px solid var(--line); border-radius: 6px; font-size: .82rem; }
footer { padding-top: 2rem; padding-bottom: 2rem; }
@media (max-width: 40rem) {
  th, td { padding: .3rem .45rem; }
  thead th.number { white-space: normal; } }
@media print { nav, .skip { display: none; } figure, table { break-inside: avoid; } }
"""
