// All routes that the API serves, and one world in which each has something to serve.
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { sql } from 'slonik'
import { z } from 'zod'
import { collectAnnouncements } from '../../src/api/announcements.ts'
import { RESOURCES } from '../../src/api/app.ts'
import { createLimits } from '../../src/api/frame/rateLimits.ts'
import type { Endpoint, Method } from '../../src/contract/endpoint.ts'
import { createWorkspace } from '../../src/contract/workspaces.ts'
import { aReadyPrebuild } from '../support/factories.ts'
import type { TestServer } from '../support/server.ts'
import { aWarmTemplate, knowTokens } from './people.ts'

const CONTRACT = path.resolve(import.meta.dirname, '../../src/contract')

export type Route = { method: Method; path: string }

export function mountedRoutes({ context, server: { hub } }: TestServer): Route[] {
  const api = { ...context, hub, announcements: collectAnnouncements(context), limits: createLimits(context.config) }
  const layers = RESOURCES.flatMap((resource) => resource(api).stack)
  return layers.flatMap(({ route }) => {
    if (!route) return []
    const { methods } = route as unknown as { methods: Record<string, boolean> }
    return Object.keys(methods).map((method) => ({ method: method.toUpperCase() as Method, path: route.path }))
  })
}

export async function contractEndpoints(): Promise<Endpoint[]> {
  const found: Endpoint[] = []
  for (const file of readdirSync(CONTRACT)) {
    const exported = (await import(path.join(CONTRACT, file))) as Record<string, unknown>
    found.push(...Object.values(exported).filter(isEndpoint))
  }
  return found
}

function isEndpoint(value: unknown): value is Endpoint {
  return typeof value === 'object' && value !== null && 'method' in value && 'path' in value && 'summary' in value
}

/** What paths and bodies name, by the name of the parameter. */
export type FullWorld = {
  ids: Record<
    | 'organization'
    | 'user'
    | 'group'
    | 'template'
    | 'templateversion'
    | 'preset'
    | 'workspace'
    | 'workspacebuild'
    | 'agent',
    string
  >
  names: { template: string; workspace: string; version: string; group: string }
  agentToken: string
}

export async function aFullWorld(server: TestServer): Promise<FullWorld> {
  const world = await aWarmTemplate(server)
  await aReadyPrebuild(server.db, world)
  const body = { name: 'treasure', template_id: world.templateId, template_version_preset_id: world.presetId }
  const made = await server.client(createWorkspace, { params: { user: 'me' }, body })
  const [agent] = await knowTokens(server.db, made.id)
  const { name: template } = await server.db.one(sql.type(z.object({ name: z.string() }))`
    select name from daybreak.templates where id = ${world.templateId}`)
  return {
    ids: {
      organization: world.organizationId,
      user: server.admin.id,
      group: world.organizationId, // that of everyone
      template: world.templateId,
      templateversion: world.versionId,
      preset: world.presetId,
      workspace: made.id,
      workspacebuild: made.latest_build.id,
      agent: agent!.id,
    },
    names: { template, workspace: made.name, version: 'v1', group: 'Everyone' },
    agentToken: agent!.token,
  }
}

/** The path of a route with everything in it that exists. */
export function existing({ path: place }: Route, { ids, names }: FullWorld): string {
  const name = place.includes('/versions/')
    ? names.version
    : place.includes('/templates/')
      ? names.template
      : place.includes('/groups/')
        ? names.group
        : names.workspace
  const values: Record<string, string> = { ...ids, name }
  return place.replace(/:(\w+)/g, (_, param: string) => values[param] ?? param)
}
