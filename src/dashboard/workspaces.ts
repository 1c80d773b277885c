// Workspaces as table rows. Roles are said again because narrow screens lay the rows out as blocks, which takes them
// away.
import type { Fragment } from './fragments.ts'
import { html, type Html } from './html.ts'
import { prebuildStatus, type Status, workspaceStatus } from './status.ts'
import type { Placed } from './view.ts'
import { age } from './words.ts'

export function workspaceRow(placed: Placed, now: Date): Fragment {
  const { workspace } = placed
  const id = `workspace-${workspace.id}`
  return {
    id,
    html: html`<tr id="${id}" role="row">
      <th scope="row" role="rowheader">${workspace.name}</th>
      <td role="cell" class="owner">${workspace.owner_name}</td>
      <td role="cell" class="from">${origin(placed)}</td>
      <td role="cell" class="status">${badge(workspaceStatus(placed, now))}</td>
      <td role="cell" class="age">${age(workspace.created_at, now)}</td>
    </tr>`,
  }
}

export function prebuildRow(placed: Placed, now: Date): Fragment {
  const { workspace } = placed
  // Not the id of its row once somebody owns it: for a moment both are in the document.
  const id = `prebuild-${workspace.id}`
  return {
    id,
    html: html`<tr id="${id}" role="row">
      <th scope="row" role="rowheader">${workspace.name}</th>
      <td role="cell" class="from">${origin(placed)}</td>
      <td role="cell" class="status">${badge(prebuildStatus(placed, now))}</td>
      <td role="cell" class="age">${age(workspace.created_at, now)}</td>
    </tr>`,
  }
}

function origin({ workspace, place }: Placed): Html {
  if (place.presetName === null) return html`${workspace.template_name}`
  return html`<span class="of">${workspace.template_name} / </span>${place.presetName}`
}

function badge({ tone, words }: Status): Html {
  return html`<span class="badge ${tone}">${words}</span>`
}
