// For every route that changes something: one request that succeeds, and what the audit log must say of it.
import { randomBytes } from 'node:crypto'
import { insertOrganization } from '../../sql/identity.sql.ts'
import { storeManifest } from '../../sql/templates.sql.ts'
import { randomText } from '../../src/secrets.ts'
import { newSignInLink } from '../../src/up/bootstrap.ts'
import { aReadyPrebuild } from '../support/factories.ts'
import type { TestServer } from '../support/server.ts'
import type { FullWorld } from './everyRoute.ts'
import { aPerson, aWarmTemplate } from './people.ts'

export type Sent = { path: string; method: string; body?: unknown; token?: string; bytes?: Buffer; type?: string }
export type Step = Omit<Sent, 'method'> & { action: string; target: string }
export type Walk = { server: TestServer; world: FullWorld; presetId: string; secrets: string[] }
type Case = (walk: Walk) => Promise<Step>

/** Mutating methods that change nothing a person answers for. */
export const NO_CHANGE: Record<string, string> = {
  'POST /authcheck': 'a question',
  'POST /users/first': 'works once, in a database without people: its own tests look at its row',
  'POST /workspaceagents/me/reinit/ack': "an agent's report",
  'POST /workspaceagents/me/heartbeat': "an agent's report",
  'POST /workspaceagents/me/lifecycle': "an agent's report",
  'PATCH /workspaceagents/me/logs': "an agent's report",
}

export async function send({ url, token: admin }: TestServer, sent: Sent) {
  const { method, path, body, bytes, type = 'application/json', token = admin } = sent
  const content = bytes ?? (body === undefined ? undefined : JSON.stringify(body))
  const headers: Record<string, string> = { 'user-agent': 'walker/1.0', 'x-request-id': 'walk-0123456789' }
  if (token !== '') headers['coder-session-token'] = token
  if (content !== undefined) headers['content-type'] = type
  const init = { method, headers, ...(content === undefined ? {} : { body: content }) }
  const response = await fetch(`${url}/api/v2${path}`, init)
  const text = await response.text()
  return { status: response.status, text, json: (text === '' ? {} : JSON.parse(text)) as Record<string, string> }
}

async function made({ server }: Walk, sent: Sent): Promise<Record<string, string>> {
  const { status, text, json } = await send(server, sent)
  if (status >= 300) throw new Error(`${sent.method} ${sent.path}: ${status} ${text}`)
  return json
}

const fresh = () => randomText(8).toLowerCase()

async function aFile(walk: Walk): Promise<string> {
  const file = { method: 'POST', path: '/files', bytes: randomBytes(64), type: 'application/x-tar' }
  return (await made(walk, file)).hash!
}

async function aVersion(walk: Walk, body: object = {}): Promise<string> {
  const path = '/organizations/default/templateversions'
  return (await made(walk, { method: 'POST', path, body: { file_id: await aFile(walk), ...body } })).id!
}

async function aWorkspace(walk: Walk, prebuild: 'never' | 'require') {
  if (prebuild === 'require') await prebuilt(walk)
  const body = workspaceBody(walk, prebuild)
  const workspace = await made(walk, { method: 'POST', path: '/users/me/workspaces', body })
  return workspace as unknown as { id: string; latest_build: { id: string } }
}

function workspaceBody({ world, presetId }: Walk, prebuild: string) {
  const { template } = world.ids
  return { name: `w-${fresh()}`, template_id: template, template_version_preset_id: presetId, prebuild }
}

async function prebuilt({ server, world, presetId }: Walk): Promise<void> {
  const { organization, user, template, templateversion } = world.ids
  const ids = {
    organizationId: organization,
    adminId: user,
    templateId: template,
    versionId: templateversion,
    presetId,
  }
  await aReadyPrebuild(server.db, ids as Parameters<typeof aReadyPrebuild>[1])
}

async function anOrganization({ server }: Walk): Promise<string> {
  return (await insertOrganization(server.db, { name: `o-${fresh()}`, displayName: '', isDefault: false })).id
}

async function aGroup(walk: Walk): Promise<string> {
  const body = { name: `g-${fresh()}` }
  return (await made(walk, { method: 'POST', path: '/organizations/default/groups', body })).id!
}

async function aPassword(walk: Walk) {
  const username = `p-${fresh()}`
  const password = `Correct-horse-${fresh()}-battery`
  walk.secrets.push(password)
  return { username, email: `${username}@example.com`, login_type: 'password', password }
}

async function somebody({ server }: Walk): Promise<string> {
  return (await aPerson(server)).id
}

export const CASES: Record<string, Case> = {
  'POST /files': async () => ({
    path: '/files',
    bytes: randomBytes(64),
    type: 'application/x-tar',
    action: 'create',
    target: 'file',
  }),
  'POST /organizations/:organization/templateversions': async (walk) => ({
    path: '/organizations/default/templateversions',
    body: { file_id: await aFile(walk) },
    action: 'create',
    target: 'template_version',
  }),
  'POST /organizations/:organization/templates': async (walk) => ({
    path: '/organizations/default/templates',
    body: { name: `t-${fresh()}`, template_version_id: await aVersion(walk) },
    action: 'create',
    target: 'template',
  }),
  'PATCH /templates/:template/versions': async (walk) => {
    const { templateId: template } = await aWarmTemplate(walk.server)
    const id = await aVersion(walk, { template_id: template })
    await storeManifest(walk.server.db, { id, manifest: { agents: [{ name: 'main' }] }, readme: '' })
    return { path: `/templates/${template}/versions`, body: { id }, action: 'write', target: 'template' }
  },
  'POST /templates/:template/prebuilds/invalidate': async ({ world }) => ({
    path: `/templates/${world.ids.template}/prebuilds/invalidate`,
    action: 'write',
    target: 'template',
  }),
  'PATCH /templates/:template': async ({ world }) => ({
    path: `/templates/${world.ids.template}`,
    body: { description: fresh() },
    action: 'write',
    target: 'template',
  }),
  'PATCH /templates/:template/acl': async (walk) => ({
    path: `/templates/${walk.world.ids.template}/acl`,
    body: { user_perms: { [await somebody(walk)]: 'use' } },
    action: 'write',
    target: 'template',
  }),
  'POST /users/:user/workspaces': async (walk) => ({
    path: '/users/me/workspaces',
    body: workspaceBody(walk, 'never'),
    action: 'create',
    target: 'workspace',
  }),
  'POST /organizations/:organization/members/:user/workspaces': async (walk) => {
    await prebuilt(walk)
    const path = '/organizations/default/members/me/workspaces'
    return { path, body: workspaceBody(walk, 'require'), action: 'claim', target: 'workspace' }
  },
  'POST /workspaces/:workspace/builds': async (walk) => ({
    path: `/workspaces/${(await aWorkspace(walk, 'require')).id}/builds`,
    body: { transition: 'stop' },
    action: 'stop',
    target: 'workspace',
  }),
  'PATCH /workspacebuilds/:workspacebuild/cancel': async (walk) => ({
    path: `/workspacebuilds/${(await aWorkspace(walk, 'never')).latest_build.id}/cancel`,
    action: 'write',
    target: 'workspace',
  }),
  'POST /users/login/link': async ({ server, secrets }) => {
    const admin = { id: server.admin.id, username: 'admin', canSignIn: false }
    const link = new URL((await newSignInLink(server.db, { admin, url: server.url }))!)
    const token = link.searchParams.get('token')!
    secrets.push(token)
    return { path: '/users/login/link', body: { token }, token: '', action: 'login', target: 'user' }
  },
  'POST /users/login': async (walk) => {
    const user = await aPassword(walk)
    await made(walk, { method: 'POST', path: '/users', body: user })
    const { email, password } = user
    return { path: '/users/login', body: { email, password }, token: '', action: 'login', target: 'user' }
  },
  'POST /users/logout': async ({ server }) => ({
    path: '/users/logout',
    token: (await aPerson(server)).token,
    action: 'logout',
    target: 'user',
  }),
  'POST /users': async (walk) => ({
    path: '/users',
    body: await aPassword(walk),
    action: 'create',
    target: 'user',
  }),
  'DELETE /users/:user': async (walk) => ({
    path: `/users/${await somebody(walk)}`,
    action: 'delete',
    target: 'user',
  }),
  'PUT /users/:user/profile': async (walk) => ({
    path: `/users/${await somebody(walk)}/profile`,
    body: { username: `n-${fresh()}`, name: 'New' },
    action: 'write',
    target: 'user',
  }),
  'PUT /users/:user/password': async (walk) => ({
    path: `/users/${await somebody(walk)}/password`,
    body: { password: (await aPassword(walk)).password },
    action: 'write',
    target: 'user',
  }),
  'PUT /users/:user/roles': async (walk) => ({
    path: `/users/${await somebody(walk)}/roles`,
    body: { roles: ['auditor'] },
    action: 'write',
    target: 'user',
  }),
  'PUT /users/:user/status/suspend': async (walk) => ({
    path: `/users/${await somebody(walk)}/status/suspend`,
    action: 'write',
    target: 'user',
  }),
  'PUT /users/:user/status/activate': async (walk) => {
    const id = await somebody(walk)
    await made(walk, { method: 'PUT', path: `/users/${id}/status/suspend` })
    return { path: `/users/${id}/status/activate`, action: 'write', target: 'user' }
  },
  'POST /users/:user/keys': async () => ({ path: '/users/me/keys', action: 'create', target: 'api_key' }),
  'POST /users/:user/keys/tokens': async () => ({
    path: '/users/me/keys/tokens',
    body: { token_name: fresh() },
    action: 'create',
    target: 'api_key',
  }),
  'DELETE /users/:user/keys/:key': async (walk) => {
    const path = '/users/me/keys/tokens'
    const { key } = await made(walk, { method: 'POST', path, body: { token_name: fresh() } })
    walk.secrets.push(key!)
    return { path: `/users/me/keys/${key!.split('-')[0]}`, action: 'delete', target: 'api_key' }
  },
  'POST /organizations': async () => ({
    path: '/organizations',
    body: { name: `o-${fresh()}` },
    action: 'create',
    target: 'organization',
  }),
  'PATCH /organizations/:organization': async (walk) => ({
    path: `/organizations/${await anOrganization(walk)}`,
    body: { display_name: 'New' },
    action: 'write',
    target: 'organization',
  }),
  'DELETE /organizations/:organization': async (walk) => ({
    path: `/organizations/${await anOrganization(walk)}`,
    action: 'delete',
    target: 'organization',
  }),
  'POST /organizations/:organization/members/:user': async (walk) => ({
    path: `/organizations/${await anOrganization(walk)}/members/${await somebody(walk)}`,
    action: 'create',
    target: 'organization_member',
  }),
  'DELETE /organizations/:organization/members/:user': async (walk) => ({
    path: `/organizations/default/members/${await somebody(walk)}`,
    action: 'delete',
    target: 'organization_member',
  }),
  'PUT /organizations/:organization/members/:user/roles': async (walk) => ({
    path: `/organizations/default/members/${await somebody(walk)}/roles`,
    body: { roles: ['organization-auditor'] },
    action: 'write',
    target: 'organization_member',
  }),
  'POST /organizations/:organization/groups': async () => ({
    path: '/organizations/default/groups',
    body: { name: `g-${fresh()}` },
    action: 'create',
    target: 'group',
  }),
  'PATCH /groups/:group': async (walk) => ({
    path: `/groups/${await aGroup(walk)}`,
    body: { display_name: 'New' },
    action: 'write',
    target: 'group',
  }),
  'DELETE /groups/:group': async (walk) => ({
    path: `/groups/${await aGroup(walk)}`,
    action: 'delete',
    target: 'group',
  }),
}
