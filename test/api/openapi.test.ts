import { readdirSync } from 'node:fs'
import path from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import test from 'ava'
import { z } from 'zod'
import type { Description } from '../../src/api/openapi.ts'
import { ENDPOINTS, SHAPES } from '../../src/contract/all.ts'
import { getWorkspace } from '../../src/contract/workspaces.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { aFullWorld, mountedRoutes } from './everyRoute.ts'

const CONTRACT = path.resolve(import.meta.dirname, '../../src/contract')

async function describe({ url }: Pick<TestServer, 'url'>): Promise<Description> {
  return (await (await fetch(`${url}/api/openapi.json`)).json()) as Description
}

test('the list of the contract holds every endpoint, and every name means one thing', async (t) => {
  const listed = new Set(ENDPOINTS.map(({ endpoint }) => endpoint))
  for (const file of readdirSync(CONTRACT)) {
    const exported = (await import(path.join(CONTRACT, file))) as Record<string, object>
    for (const [name, value] of Object.entries(exported)) {
      const isEndpoint = typeof value === 'object' && 'method' in value && 'summary' in value
      if (isEndpoint) t.true(listed.has(value as never), `add ${file} to src/contract/all.ts for ${name}`)
    }
  }
  const names = ENDPOINTS.map(({ name }) => name)
  t.deepEqual(names, [...new Set(names)])
  const shapes = new Map<string, unknown>()
  for (const file of readdirSync(CONTRACT)) {
    const exported = (await import(path.join(CONTRACT, file))) as Record<string, object>
    for (const [name, value] of Object.entries(exported)) {
      if (!/^[A-Z]/.test(name) || !SHAPES.has(name) || !('_zod' in value)) continue
      t.true(!shapes.has(name) || shapes.get(name) === value, `two shapes are called ${name}; ${file} has one`)
      shapes.set(name, value)
    }
  }
})

test('the description is valid OpenAPI 3.1', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const description = await describe(server)
  const { valid, errors } = await new Validator().validate(description)
  t.true(valid, JSON.stringify(errors, null, 2))
  t.is(description.openapi, '3.1.0')
  const references = JSON.stringify(description).match(/"#\/[^"]+"/g) ?? []
  t.true(references.length > 20)
  for (const reference of new Set(references)) {
    const name = /^"#\/components\/schemas\/(\w+)"$/.exec(reference)?.[1]
    t.true(name !== undefined && name in description.components.schemas, reference)
  }
})

test('every route that is served is described, streams and those of agents too, and nothing else', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const { paths } = await describe(server)
  const described = Object.entries(paths).flatMap(([place, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${place}`),
  )
  const served = mountedRoutes(server).map(({ method, path: place }) => `${method} ${place.replace(/:(\w+)/g, '{$1}')}`)
  t.deepEqual(described.toSorted(), served.toSorted())
  t.deepEqual(paths['/buildinfo']!.get!.security, [])
  t.true(paths['/users/{user}']!.get!.security.length > 0)
  t.deepEqual(paths['/workspaceagents/me/heartbeat']!.post!.security, [{ agentToken: [] }])
  const watch = paths['/workspaces/{workspace}/watch']!.get!
  t.deepEqual(watch.responses['200']!.content, {
    'text/event-stream': { schema: { $ref: '#/components/schemas/Workspace' } },
  })
})

test('the description of an answer fits what is answered', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const { ids } = await aFullWorld(server)
  const { components } = await describe(server)
  const workspace = await server.client(getWorkspace, { params: { workspace: ids.workspace }, query: {} })
  const required = components.schemas.Workspace!.required as string[]
  t.true(required.length > 10)
  for (const field of required) t.true(field in workspace, field)
  const described = Object.keys(components.schemas.Workspace!.properties as object)
  for (const field of Object.keys(workspace)) t.true(described.includes(field), field)
  t.false(JSON.stringify(components).includes('"additionalProperties":false'))
  t.notThrows(() => z.fromJSONSchema({ $defs: components.schemas, type: 'object' } as never))
})

test('the description is sent again only when it changed', async (t) => {
  const { url } = await startServer(t, { role: 'api' })
  const first = await fetch(`${url}/api/openapi.json`)
  const headers = { 'if-none-match': first.headers.get('etag')!, 'cache-control': 'max-age=0' }
  t.is((await fetch(`${url}/api/openapi.json`, { headers })).status, 304)
})

test('the page shows every operation, escapes what it shows, and loads nothing', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const response = await fetch(`${server.url}/api/docs`)
  t.is(response.status, 200)
  t.regex(response.headers.get('content-type')!, /^text\/html/)
  const policy = response.headers.get('content-security-policy')!
  t.regex(policy, /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; frame-ancestors 'none'$/)
  const page = await response.text()
  const style = /<style>([\s\S]*)<\/style>/.exec(page)![1]!
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(style))
  t.true(policy.includes(`'sha256-${Buffer.from(digest).toString('base64')}'`))
  t.notRegex(page, /<script|<img|<link|src=|https?:\/\/(?!json-schema)|onclick/)
  const { paths } = await describe(server)
  for (const [place, operations] of Object.entries(paths)) {
    for (const [method, { operationId }] of Object.entries(operations)) {
      t.true(page.includes(`<code>${method.toUpperCase()} ${place}</code>`), place)
      t.true(page.includes(`id="${operationId}"`), operationId)
    }
  }
  t.true(page.includes('&quot;type&quot;: &quot;object&quot;'))
})
