// The page in the pieces that are sent again when they change: elements by their id, and lists by the ids they hold.
import { html, type Html } from './html.ts'
import { poolCard } from './pools.ts'
import type { Listed, View } from './view.ts'
import { count } from './words.ts'
import { prebuildRow, workspaceRow } from './workspaces.ts'

/** One element; `id` is its id in the document. */
export type Fragment = { id: string; html: Html }
export type Fragments = {
  elements: readonly Fragment[]
  /** What the element of that id holds, in order. */
  lists: Readonly<Record<ListId, readonly Fragment[]>>
}
export type ListId = 'pool-cards' | 'workspace-rows' | 'prebuild-rows'

export function renderFragments(view: View): Fragments {
  const { now, pools, workspaces, prebuilds } = view
  return {
    elements: [summary(view), poolsNote(view), workspacesNote(view), prebuildsNote(prebuilds)],
    lists: {
      'pool-cards': pools.map((pool) => poolCard(pool, now)),
      'workspace-rows': workspaces.items.map((placed) => workspaceRow(placed, now)),
      'prebuild-rows': prebuilds.items.map((placed) => prebuildRow(placed, now)),
    },
  }
}

/** The one thing that a screen reader says by itself: it changes only when a number does. */
function summary({ pools, workspaces }: View): Fragment {
  const ready = pools.reduce((sum, pool) => sum + pool.ready, 0)
  const wanted = pools.reduce((sum, pool) => sum + pool.desired, 0)
  const held = pools.filter(({ hold }) => hold !== null).length
  const parts = [
    ...(pools.length === 0 ? [] : [`${ready} of ${count(wanted, 'prebuild')} ready`]),
    ...(held === 0 ? [] : [`${count(held, 'pool')} on hold`]),
    count(workspaces.count, 'workspace'),
  ]
  return { id: 'summary', html: html`<span id="summary">${parts.join(' · ')}</span>` }
}

function poolsNote({ pools }: View): Fragment {
  const id = 'pools-note'
  if (pools.length > 0) return { id, html: html`<div id="${id}"></div>` }
  return {
    id,
    html: html`<div id="${id}" class="empty">
      <p><strong>No pools yet.</strong> A preset with <code>prebuilds</code> keeps workspaces ready
        before anybody asks.</p>
      <p>Give one <code>prebuilds: {instances: 2}</code> in <code>daybreak.yaml</code>, then run:</p>
      <pre><code>daybreak templates push DIRECTORY</code></pre>
    </div>`,
  }
}

function workspacesNote({ pools, workspaces }: View): Fragment {
  const id = 'workspaces-note'
  if (workspaces.count > 0) return { id, html: html`<div id="${id}">${more(workspaces)}</div>` }
  const [pool] = pools
  const command = pool
    ? `daybreak workspaces create my-workspace --template ${pool.template_name} --preset ${quote(pool.preset_name)}`
    : 'daybreak workspaces create my-workspace --template TEMPLATE'
  const how = pool ? 'Take one of the pool; it is there at once:' : 'Make one of a template:'
  return {
    id,
    html: html`<div id="${id}" class="empty">
      <p><strong>No workspaces yet.</strong> ${how}</p>
      <pre><code>${command}</code></pre>
    </div>`,
  }
}

/** As a shell takes it. */
function quote(text: string): string {
  return /^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

function prebuildsNote(prebuilds: Listed): Fragment {
  return { id: 'prebuilds-note', html: html`<div id="prebuilds-note">${more(prebuilds)}</div>` }
}

function more({ items, count: all }: Listed): Html | undefined {
  if (all <= items.length) return undefined
  return html`<p class="more">The newest ${items.length} are shown; there are ${all - items.length} more.</p>`
}
