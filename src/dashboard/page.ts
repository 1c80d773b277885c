// The documents: the page itself, and the one for those who are not signed in.
import type { OidcAuthMethod } from '../oidc/providers.ts'
import { VERSION } from '../version.ts'
import { type ListId, renderFragments } from './fragments.ts'
import { html, type Html } from './html.ts'
import type { View } from './view.ts'

export function renderPage(view: View): string {
  const { elements, lists } = renderFragments(view)
  const element = (id: string): Html | undefined => elements.find((fragment) => fragment.id === id)?.html
  const list = (id: ListId): readonly Html[] => lists[id].map((fragment) => fragment.html)
  const content = html`<live-view src="/events">
    <p class="summary" role="status">${element('summary')}</p>
    <section aria-labelledby="pools">
      <h2 id="pools">Pools</h2>
      <div id="pool-cards" class="cards">${list('pool-cards')}</div>
      ${element('pools-note')}
    </section>
    <section aria-labelledby="workspaces">
      <h2 id="workspaces">Workspaces</h2>
      <table role="table" aria-labelledby="workspaces">
        ${head({ name: 'Name', owner: 'Owner', from: 'Template / preset', status: 'Status', age: 'Age' })}
        <tbody id="workspace-rows" role="rowgroup">${list('workspace-rows')}</tbody>
      </table>
      ${element('workspaces-note')}
      <div class="pooled">
        <h3 id="prebuilds">In the pool</h3>
        <table role="table" aria-labelledby="prebuilds">
          ${head({ name: 'Name', from: 'Template / preset', status: 'State', age: 'Age' })}
          <tbody id="prebuild-rows" role="rowgroup">${list('prebuild-rows')}</tbody>
        </table>
        ${element('prebuilds-note')}
      </div>
    </section>
  </live-view>`
  const account = html`<p id="connection" class="connection" role="status" data-state="page">
      <noscript>Reload to see changes</noscript>
    </p>
    <p class="user">${view.actor.username}</p>
    <form method="post" action="/sign-out"><button>Sign out</button></form>`
  return renderDocument({ title: 'Daybreak', account, content })
}

type SignedOut = { problem?: string; providers?: OidcAuthMethod['providers'] }

export function renderSignedOut({ problem, providers = [] }: SignedOut = {}): string {
  const content = html`<section class="card signed-out">
    <h1>Sign in</h1>
    ${problem === undefined ? undefined : html`<p class="hold" role="alert">${problem}</p>`}
    ${providers.length === 0 ? undefined : html`<p class="providers">${providers.map(providerLink)}</p>`}
    <p>${providers.length === 0 ? 'This page opens with a one-time link.' : 'Or with a one-time link:'}</p>
    <ol>
      <li>Start the server again: <code>npm start</code></li>
      <li>Open the link that it prints, in this browser. It works once, for 15 minutes.</li>
    </ol>
    <p class="more">With an API token you need no page: <code>daybreak login</code> signs the command line in.
      On a server that somebody else runs, ask them for a link or a token.</p>
  </section>`
  return renderDocument({ title: 'Sign in · Daybreak', account: undefined, content })
}

function providerLink({ name, loginUrl }: OidcAuthMethod['providers'][number]): Html {
  return html`<a class="button" href="${loginUrl}">Sign in with ${name}</a>`
}

/** Titles by the class of their column, which gives it its width. */
function head(titles: Record<string, string>): Html {
  const cells = Object.entries(titles).map(
    ([column, title]) => html`<th scope="col" role="columnheader" class="${column}">${title}</th>`,
  )
  return html`<thead role="rowgroup"><tr role="row">${cells}</tr></thead>`
}

type Document = { title: string; account: Html | undefined; content: Html }

function renderDocument({ title, account, content }: Document): string {
  return html`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>${title}</title>
  <link rel="icon" href="/dashboard/icon.svg" type="image/svg+xml">
  <link rel="stylesheet" href="/dashboard/page.css">
  <link rel="stylesheet" href="/dashboard/content.css">
  <script type="module" src="/dashboard/live.js"></script>
</head>
<body>
  <header>
    <p class="brand">
      <img src="/dashboard/icon.svg" alt="" width="28" height="28"> Daybreak <small>${VERSION}</small>
    </p>
    ${account}
  </header>
  <main>${content}</main>
</body>
</html>
`.text
}
