import type { Reply } from '../http/reply.ts'

const css = `
:root {
  color-scheme: light dark;
  --paper: #f6f7f9; --card: #fff; --ink: #17202b; --soft: #5b6878; --line: #dde3ea; --accent: #0b62a4; --tint: #e8f1f9;
  --good: #14693f; --good-tint: #e3f4ea; --warn: #8a4b08; --warn-tint: #fdf0dc; --bad: #a3212b; --code: #f0f3f7;
  --shadow: 0 1px 2px rgb(20 40 60 / 6%), 0 4px 16px rgb(20 40 60 / 5%);
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #10151b; --card: #181f28; --ink: #e4eaf1; --soft: #97a5b5; --line: #2a3441; --accent: #6db6f2; --tint: #1b2f42;
    --good: #7fd6a4; --good-tint: #17322a; --warn: #f0b968; --warn-tint: #36291a; --bad: #f58b92; --code: #111820;
    --shadow: none;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
}
a { color: var(--accent); text-underline-offset: .15em; text-decoration-thickness: 1px; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
.skip { position: absolute; left: -999px; }
.skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .5rem 1rem; z-index: 2; }
.top { background: var(--card); border-bottom: 1px solid var(--line); }
.top > div, main, footer { max-width: 68rem; margin: 0 auto; padding: 0 1.25rem; }
.top > div { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1.25rem; padding-block: .7rem; }
.brand { display: flex; align-items: center; gap: .55rem; font-weight: 650; font-size: 1.1rem; color: inherit; text-decoration: none; letter-spacing: -.01em; }
.brand svg { width: 1.75rem; height: 1.75rem; color: var(--accent); }
.search { flex: 1 1 14rem; display: flex; }
.search input { width: 100%; }
nav { display: flex; align-items: center; gap: .9rem; margin-left: auto; }
nav a { text-decoration: none; font-weight: 550; }
nav form { margin: 0; }
main { padding-block: 2rem 3rem; }
footer { color: var(--soft); font-size: .85rem; padding-block: 0 2rem; }
h1 { font-size: 1.7rem; line-height: 1.25; letter-spacing: -.02em; margin: 0 0 .9rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; letter-spacing: -.01em; margin: 0 0 .8rem; }
h1 a { text-decoration: none; }
h1 .ns { color: var(--soft); font-weight: 450; }
p { margin: 0 0 .8rem; }
.soft { color: var(--soft); }
.lead { color: var(--soft); font-size: 1.05rem; margin: -.45rem 0 1.2rem; overflow-wrap: anywhere; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; box-shadow: var(--shadow); padding: 1.25rem; margin: 0 0 1.25rem; }
.cols { display: grid; grid-template-columns: minmax(0, 1fr) 22rem; gap: 1.25rem; align-items: start; }
.cols > * { min-width: 0; }
.list { list-style: none; margin: 0; padding: 0; }
.list.repos { padding: 0; overflow: hidden; margin-bottom: 1.25rem; }
.repos li + li { border-top: 1px solid var(--line); }
.repos a { display: block; padding: .95rem 1.25rem; color: inherit; text-decoration: none; }
.repos a:hover { background: var(--tint); }
.repos a:focus-visible { outline-offset: -3px; }
.repos strong { color: var(--accent); font-weight: 620; overflow-wrap: anywhere; }
.repos p { margin: .15rem 0 0; overflow-wrap: anywhere; }
.facts { display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; color: var(--soft); font-size: .88rem; margin-top: .3rem; }
.badge { display: inline-block; font-size: .75rem; font-weight: 600; line-height: 1; padding: .32em .6em; border-radius: 99px; background: var(--tint); color: var(--accent); vertical-align: .12em; white-space: nowrap; }
.badge.private { background: var(--warn-tint); color: var(--warn); }
.badge.held { background: var(--good-tint); color: var(--good); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .94rem; }
th { text-align: left; font-size: .8rem; font-weight: 600; color: var(--soft); padding: 0 .9rem .5rem 0; white-space: nowrap; }
td { padding: .6rem .9rem .6rem 0; border-top: 1px solid var(--line); vertical-align: top; }
th:last-child, td:last-child { padding-right: 0; }
.num { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
code, pre, .mono { font-family: ui-monospace, "SFMono-Regular", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .875em; }
code { background: var(--code); border-radius: 5px; padding: .12em .35em; overflow-wrap: anywhere; }
pre { background: var(--code); border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1rem; overflow-x: auto; margin: 0 0 .9rem; }
pre code { background: none; padding: 0; overflow-wrap: normal; }
.copy { display: flex; align-items: stretch; margin: 0 0 .6rem; }
.copy code { flex: 1; min-width: 0; padding: .55rem .8rem; border: 1px solid var(--line); border-radius: 8px; white-space: pre-wrap; overflow-wrap: anywhere; }
.js .copy code { border-radius: 8px 0 0 8px; border-right: 0; }
.copy button { display: none; }
.js .copy button { display: block; border-radius: 0 8px 8px 0; }
button, .button, input, textarea, select { font: inherit; }
button, .button { display: inline-block; border: 1px solid var(--line); background: var(--card); color: var(--ink); border-radius: 8px; padding: .42rem .85rem; font-weight: 550; font-size: .9rem; cursor: pointer; text-decoration: none; }
button:hover, .button:hover { border-color: var(--accent); color: var(--accent); }
button.main { background: var(--accent); border-color: var(--accent); color: var(--card); }
button.main:hover { filter: brightness(1.1); color: var(--card); }
button.plain { border: 0; background: none; padding: 0; color: var(--accent); font-size: 1rem; }
button.danger { color: var(--bad); }
label { display: block; font-weight: 570; font-size: .9rem; margin: 0 0 .9rem; }
label.line { display: flex; gap: .55rem; align-items: baseline; font-weight: 450; }
input:not([type=checkbox]), textarea, select { display: block; width: 100%; margin-top: .25rem; padding: .5rem .75rem; border: 1px solid var(--line); border-radius: 8px; background: var(--card); color: var(--ink); font-weight: 400; font-size: .95rem; }
.search input { margin: 0; background: var(--paper); }
textarea { min-height: 20rem; resize: vertical; font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .9rem; }
.narrow { max-width: 26rem; margin-inline: auto; }
.error { background: var(--warn-tint); color: var(--warn); border-radius: 8px; padding: .7rem 1rem; margin: 0 0 1rem; }
.notice { background: var(--good-tint); color: var(--good); border-radius: 8px; padding: .7rem 1rem; margin: 0 0 1rem; }
.notice .copy { margin: .5rem 0 0; color: var(--ink); }
dl { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: .45rem 1rem; margin: 0; font-size: .93rem; }
dt { color: var(--soft); overflow-wrap: anywhere; }
dd { margin: 0; overflow-wrap: anywhere; }
.layers { list-style: none; margin: 0; padding: 0; counter-reset: layer; }
.layers li { display: grid; grid-template-columns: 2rem minmax(0, 1fr) auto; gap: .2rem .8rem; padding: .6rem 0; border-top: 1px solid var(--line); counter-increment: layer; }
.layers li:first-child { border-top: 0; padding-top: 0; }
.layers li::before { content: counter(layer); color: var(--soft); font-size: .85rem; text-align: right; padding-top: .1rem; }
.layers .what { white-space: pre-wrap; overflow-wrap: anywhere; background: none; padding: 0; }
.layers .what b { color: var(--accent); font-weight: 650; }
.layers .none { color: var(--soft); }
.layers .digest { grid-column: 2 / -1; color: var(--soft); font-size: .78rem; overflow-wrap: anywhere; }
.bar { grid-column: 2 / -1; height: 4px; width: 100%; display: block; border: 0; border-radius: 2px; overflow: hidden; background: var(--code); appearance: none; }
.bar::-webkit-progress-bar { background: var(--code); }
.bar::-webkit-progress-value { background: var(--accent); }
.bar::-moz-progress-bar { background: var(--accent); }
.readme > :last-child { margin-bottom: 0; }
.readme h2, .readme h3 { margin: 1.4rem 0 .6rem; }
.readme > :first-child { margin-top: 0; }
.readme h2 { font-size: 1.4rem; } .readme h3 { font-size: 1.15rem; } .readme h4, .readme h5, .readme h6 { font-size: 1rem; margin: 1.1rem 0 .4rem; }
.readme ul, .readme ol { padding-left: 1.4rem; margin: 0 0 .9rem; }
.readme li > p { margin-bottom: .3rem; } .readme li > ul, .readme li > ol { margin-bottom: .3rem; }
.readme .scroll { margin-bottom: .9rem; }
.readme blockquote > :last-child { margin-bottom: 0; }
.readme blockquote { margin: 0 0 .9rem; padding: .2rem 0 .2rem 1rem; border-left: 3px solid var(--line); color: var(--soft); }
.readme hr { border: 0; border-top: 1px solid var(--line); margin: 1.4rem 0; }
.readme { overflow-wrap: anywhere; }
.more { display: flex; justify-content: flex-end; margin-bottom: 1.25rem; }
.head { display: flex; flex-wrap: wrap; justify-content: space-between; gap: .5rem 1rem; align-items: baseline; }
.empty { text-align: center; padding: 2.5rem 1.25rem; }
.empty .copy { text-align: left; max-width: 34rem; margin-inline: auto; }
.tags { padding: 1.25rem 1.25rem .4rem; }
aside .card > :last-child, form.card > :last-child { margin-bottom: 0; }
.card p.soft:last-child { margin-top: .8rem; }
@media (max-width: 52rem) {
  .cols { grid-template-columns: minmax(0, 1fr); gap: 0; }
  /* The command to pull stands before a long README. */
  .cols.repo > * { display: contents; }
  .cols.repo .readme { order: 1; }
  .cols.repo .about { order: 2; }
  main { padding-block: 1.25rem 2rem; }
  .top > div, main, footer { padding-inline: 1rem; }
  .search { order: 3; flex-basis: 100%; }
}
@media (max-width: 34rem) {
  dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  dd { margin-bottom: .6rem; }
  .wide { display: none; }
  h1 { font-size: 1.4rem; }
  .layers li { grid-template-columns: 1.3rem minmax(0, 1fr) auto; }
}
`

const js = `
document.documentElement.classList.add('js')
for (const button of document.querySelectorAll('.copy button')) {
  button.addEventListener('click', async () => {
    const code = button.parentElement.querySelector('code')
    try {
      await navigator.clipboard.writeText(code.textContent)
    } catch {
      // Without TLS there is no clipboard: what is selected can be copied by hand.
      getSelection().selectAllChildren(code)
      if (!document.execCommand('copy')) return
    }
    button.textContent = button.ariaLabel = 'Copied'
    setTimeout(() => { button.textContent = 'Copy'; button.ariaLabel = 'Copy ' + code.textContent }, 1500)
  })
}
`

/** Planks of a hull, one above the other. */
const logo = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" fill="none" stroke="#0b62a4" stroke-width="3.2" stroke-linecap="round"><path d="M3 8c8 4.5 18 4.5 26 0"/><path d="M5 15.5c7 4 15 4 22 0"/><path d="M8.5 23c4.5 3 10.5 3 15 0"/></svg>`

const assets: Readonly<Record<string, readonly [string, string]>> = {
  '/assets/hub.css': ['text/css; charset=utf-8', css],
  '/assets/hub.js': ['text/javascript; charset=utf-8', js],
  '/favicon.svg': ['image/svg+xml', logo],
}

/** A file that pages need, or undefined. */
export function asset(path: string): Reply | undefined {
  const [type, body] = Object.hasOwn(assets, path) ? assets[path]! : []
  if (type === undefined || body === undefined) return undefined
  return { status: 200, headers: { 'content-type': type, 'cache-control': 'public, max-age=600' }, body }
}
