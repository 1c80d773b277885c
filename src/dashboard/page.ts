// The page itself, as it is when it is loaded.
import { renderAccount, renderDocument } from './document.ts'
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
    ${renderAccount(view.actor.username)}`
  return renderDocument({ title: 'Daybreak', account, content })
}

/** Titles by the class of their column, which gives it its width. */
function head(titles: Record<string, string>): Html {
  const cells = Object.entries(titles).map(
    ([column, title]) => html`<th scope="col" role="columnheader" class="${column}">${title}</th>`,
  )
  return html`<thead role="rowgroup"><tr role="row">${cells}</tr></thead>`
}
