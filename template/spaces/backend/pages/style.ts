/** The style sheet of the backend's pages: system fonts, one accent, light and dark. */
export const STYLE = `
:root {
  --ground: #fcfcfb; --raised: #ffffff; --ink: #1c1d1f; --soft: #5a5e66; --line: #e2e3e6;
  --accent: #b45309; --good: #15703a; --bad: #b42318; --code: #f3f3f1;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #141517; --raised: #1b1d20; --ink: #e9eaec; --soft: #a2a7b0; --line: #2f3237;
    --accent: #f5a34a; --good: #58c784; --bad: #ff8a7e; --code: #22252a;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
header, main, footer { max-width: 60rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 3rem; }
h1 { font-size: clamp(1.7rem, 4vw, 2.4rem); line-height: 1.15; letter-spacing: -0.02em; margin: 0 0 .5rem; text-wrap: balance; }
h2 { font-size: 1.15rem; margin: 0 0 .9rem; letter-spacing: -0.01em; }
h3 { font-size: 1rem; margin: 0 0 .4rem; }
p { margin: 0 0 .8rem; max-width: 70ch; }
a { color: var(--accent); text-underline-offset: .15em; }
a:focus-visible, pre:focus-visible, .scroll:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
.lead { font-size: 1.1rem; color: var(--soft); }
.facts { display: flex; flex-wrap: wrap; gap: .4rem 1.6rem; margin: 1.2rem 0 0; padding: 0; list-style: none; color: var(--soft); font-size: .95rem; }
.facts strong { color: var(--ink); font-weight: 600; }
section { margin: 2.5rem 0; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; background: var(--raised); }
table { border-collapse: collapse; width: 100%; font-size: .93rem; }
th, td { text-align: left; padding: .55rem .8rem; border-bottom: 1px solid var(--line); vertical-align: baseline; overflow-wrap: break-word; }
.routes { min-width: 52rem; }
.routes code { white-space: nowrap; }
th { color: var(--soft); font-weight: 500; font-size: .85rem; }
tr:last-child td { border-bottom: 0; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.tag { font-size: .82rem; white-space: nowrap; color: var(--soft); }
.tag.valid { color: var(--good); }
.tag.invalid { color: var(--bad); }
details { margin: .9rem 0 0; }
summary { cursor: pointer; color: var(--soft); padding: .2rem 0; }
summary strong { color: var(--ink); font-weight: 600; }
summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
details .scroll, details .empty { margin-top: .5rem; }
.beside { margin: .5rem 0 0; padding-left: 1.2rem; color: var(--soft); font-size: .93rem; overflow-wrap: anywhere; }
.beside strong { color: var(--ink); font-weight: 600; }
.state .tag { white-space: normal; }
.messages { list-style: none; margin: 0; padding: 0; border-top: 1px solid var(--line); }
.messages li { padding: .9rem 0; border-bottom: 1px solid var(--line); }
.messages .by { display: flex; flex-wrap: wrap; gap: .1rem .8rem; font-size: .88rem; color: var(--soft); margin: 0 0 .2rem; }
.messages .by strong { color: var(--ink); }
.messages .text { margin: 0; white-space: pre-line; overflow-wrap: anywhere; max-width: 75ch; }
.empty { color: var(--soft); border: 1px dashed var(--line); border-radius: 8px; padding: 1.1rem; margin: 0; max-width: none; }
.ways { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); gap: 1.2rem; }
.way { border: 1px solid var(--line); border-radius: 8px; background: var(--raised); padding: 1.1rem; min-width: 0; }
.way ol { margin: 0; padding-left: 1.2rem; }
.way li { margin-bottom: .4rem; }
pre, code { font: .86rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
code { overflow-wrap: anywhere; background: var(--code); border-radius: 4px; padding: .1em .3em; }
pre { margin: .6rem 0; padding: .8rem; background: var(--code); border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere; }
pre code { padding: 0; background: none; }
footer { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; padding-top: 1.2rem; padding-bottom: 3rem; color: var(--soft); font-size: .9rem; border-top: 1px solid var(--line); }
@media (max-width: 40rem) {
  header { padding-top: 1.8rem; }
  .leaders thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .leaders, .leaders tbody { display: block; }
  .leaders tr { display: grid; grid-template-columns: 1.6rem 1fr auto; gap: .1rem .6rem; padding: .7rem .8rem; border-bottom: 1px solid var(--line); }
  .leaders tr:last-child { border-bottom: 0; }
  .leaders td { padding: 0; border: 0; min-width: 0; overflow-wrap: anywhere; }
  .leaders .method, .leaders .state, .leaders .draws { grid-column: 2 / -1; }
  .leaders .when { grid-column: 2 / -1; }
}
`;
