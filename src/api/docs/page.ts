import { html, Html } from '../../dashboard/html.ts'
import type { Content, Description, Operation, Schema } from '../openapi.ts'
import { STYLE } from './style.ts'

type Placed = { method: string; path: string; operation: Operation }

export function renderDescription({ info, servers, paths, components }: Description): string {
  const placed = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  )
  const groups = Map.groupBy(placed, ({ operation }) => operation.tags[0] ?? '')
  const sections = [...groups].map(([tag, group]) => renderGroup(tag, group))
  const schemas = Object.entries(components.schemas).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return html`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>${info.title} API</title>
  ${new Html(`<style>${STYLE}</style>`)}
</head>
<body>
  <h1>${info.title} API <small>${info.version}</small></h1>
  <p>${info.description} Paths are below <code>${servers[0]?.url}</code>. The same for programs:
    <a href="/api/openapi.json">openapi.json</a>.</p>
  <nav aria-label="Sections"><ul>
    ${[...groups.keys()].map((tag) => html`<li><a href="#${tag}">${tag}</a></li>`)}
    <li><a href="#schemas">Schemas</a></li>
  </ul></nav>
  <main>
    ${sections}
    <h2 id="schemas">Schemas</h2>
    ${schemas.map(([name, schema]) => renderSchema(name, schema))}
  </main>
</body>
</html>
`.text
}

function renderGroup(tag: string, group: readonly Placed[]): Html {
  return html`<h2 id="${tag}">${tag}</h2>${group.map(renderOperation)}`
}

function renderOperation({ method, path, operation }: Placed): Html {
  const { operationId, summary, description, security, parameters, requestBody, responses } = operation
  const fields = parameters.map(
    ({ name, in: place, required, schema }) => html`<tr>
      <td><code>${name}</code></td><td>${place}</td><td>${required ? 'required' : ''}</td>
      <td><code>${inShort(schema)}</code></td>
    </tr>`,
  )
  const table = html`<table>
    <thead><tr><th>Parameter</th><th>In</th><th></th><th>Schema</th></tr></thead>
    <tbody>${fields}</tbody>
  </table>`
  return html`<details id="${operationId}">
    <summary><code>${method} ${path}</code> ${summary}</summary>
    <div>
      <p>${description} ${describeSecurity(security)}</p>
      ${fields.length === 0 ? undefined : table}
      ${requestBody && html`<h3>Body</h3>${renderContent(requestBody.content)}`}
      ${Object.entries(responses).map(
        ([status, response]) => html`<h3>${status}</h3><p>${response.description}</p>
          ${response.content && renderContent(response.content)}`,
      )}
    </div>
  </details>`
}

function describeSecurity(security: Operation['security']): string {
  return security.length === 0 ? 'Public.' : `Needs ${security.flatMap(Object.keys).join(' or ')}.`
}

function renderContent(content: Content): readonly Html[] {
  return Object.entries(content).map(
    ([type, { schema }]) => html`<p>${type}${linkTo(schema)}</p>
      ${schema.$ref === undefined ? html`<pre>${JSON.stringify(schema, null, 2)}</pre>` : undefined}`,
  )
}

function linkTo({ $ref }: Schema): Html | undefined {
  if (typeof $ref !== 'string') return undefined
  const name = $ref.slice($ref.lastIndexOf('/') + 1)
  return html`: <a href="#schema-${name}">${name}</a>`
}

function renderSchema(name: string, schema: Schema): Html {
  return html`<details id="schema-${name}">
    <summary><code>${name}</code></summary>
    <div><pre>${JSON.stringify(schema, null, 2)}</pre></div>
  </details>`
}

function inShort(schema: Schema): string {
  return JSON.stringify(schema)
}
