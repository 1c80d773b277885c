import { hash } from 'node:crypto'

/** In the page itself, which is then one file; the policy knows it by its hash. */
export const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#d8dce3, #3a4150); --soft: light-dark(#f4f6f9, #1d222b); }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem; font: 1rem/1.5 system-ui, sans-serif; }
h2 { margin: 2.5rem 0 .5rem; text-transform: capitalize; }
nav ul { columns: 14rem; padding-left: 1rem; }
details { border: 1px solid var(--line); border-radius: .4rem; margin: .4rem 0; }
summary { cursor: pointer; padding: .4rem .7rem; }
summary code { font-weight: 600; overflow-wrap: anywhere; }
details > div { border-top: 1px solid var(--line); padding: .4rem .7rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .25rem .5rem; text-align: left; vertical-align: top; }
pre { background: var(--soft); border-radius: .4rem; overflow-x: auto; padding: .6rem; font-size: .85rem; }
`

export const STYLE_SOURCE = `'sha256-${hash('sha256', STYLE, 'base64')}'`
