import { buffer } from 'node:stream/consumers'
import test from 'ava'
import { sql } from 'slonik'
import { pack as tarPack } from 'tar-stream'
import { z } from 'zod'
import { ApiError, type Client } from '../../src/contract/client.ts'
import { listPrebuildPools } from '../../src/contract/prebuilds.ts'
import {
  createTemplate,
  createTemplateVersion,
  getTemplateVersion,
  getTemplateVersionByName,
  invalidatePrebuilds,
  listTemplateVersionLogs,
  listTemplateVersionPresets,
  listTemplateVersions,
  promoteTemplateVersion,
  uploadFile,
} from '../../src/contract/templates.ts'
import { createWorkspace } from '../../src/contract/workspaces.ts'
import { aReadyPrebuild, readyPrebuilds } from '../support/factories.ts'
import { pushTemplate, pushVersion, startServer, type TestServer } from '../support/server.ts'
import { until } from '../support/until.ts'
import { anOrganization, aPerson, aWarmTemplate } from './people.ts'

const organization = 'default'
const nobodys = '00000000-0000-4000-8000-000000000000'
const COLD = 'presets: [{ name: cold, prebuilds: { instances: 0 } }]\nagents: [{ name: main }]\n'
const warm = (instances: number) =>
  `presets: [{ name: warm, prebuilds: { instances: ${instances} } }]\nagents: [{ name: main }]\n`

async function tarOf(yaml: string): Promise<Uint8Array> {
  const tar = tarPack()
  tar.entry({ name: 'daybreak.yaml' }, yaml)
  tar.finalize()
  return await buffer(tar)
}

const post = async ({ url, token }: Pick<TestServer, 'url' | 'token'>, type: string, bytes: Uint8Array) =>
  await fetch(`${url}/api/v2/files`, {
    method: 'POST',
    headers: { 'Coder-Session-Token': token, 'content-type': type },
    body: Buffer.from(bytes),
  })

async function refusal(asking: Promise<unknown>): Promise<ApiError> {
  const error = await asking.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof ApiError) return error
  throw new Error('the request was answered, or failed without an answer', { cause: error })
}

const makeTemplate = (client: Client, name: string, template_version_id: string) =>
  client(createTemplate, { params: { organization }, body: { name, template_version_id } })
const promote = (client: Client, template: { id: string }, version: { id: string }) =>
  client(promoteTemplateVersion, { params: { template: template.id }, body: { id: version.id } })

test('a file is stored once for each person, and only archives are taken', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const bytes = await tarOf(COLD)
  const first = await post(server, 'application/x-tar', bytes)
  const again = await post(server, 'application/x-tar', bytes)
  t.deepEqual([first.status, again.status], [201, 200])
  const { hash } = uploadFile.reply.parse(await first.json())
  t.deepEqual(await again.json(), { hash })
  const { token } = await aPerson(server)
  const another = await post({ ...server, token }, 'application/x-tar', bytes)
  t.is(another.status, 201)
  t.notDeepEqual(await another.json(), { hash })
  t.is((await post(server, 'application/zip', Buffer.from('PK'))).status, 201)
  for (const type of ['text/plain', 'application/octet-stream', 'application/json']) {
    t.is((await post(server, type, Buffer.from('{}'))).status, 400, type)
  }
  t.is((await post(server, 'application/x-tar', Buffer.alloc(0))).status, 400)
  t.is((await post(server, 'application/x-tar', Buffer.alloc(100 * 1024 * 1024 + 1))).status, 413)
})

test('nobody uploads anything before they have said who they are', async (t) => {
  const server = await startServer(t, { role: 'api' })
  // Were the body read first, it would be too large before anybody asked for a token.
  t.is((await post({ ...server, token: 'x' }, 'application/x-tar', Buffer.alloc(100 * 1024 * 1024 + 1))).status, 401)
})

test('a version is imported with its presets, in their order and under the keys that clients know', async (t) => {
  const { client } = await startServer(t)
  const yaml = `
parameters: [{ name: size, default: small }, { name: region, default: eu }]
presets:
  - { name: zebra, description: first, icon: /z.svg, parameters: { size: big, region: us } }
  - { name: apple, default: true, prebuilds: { instances: 0 } }
agents: [{ name: main }]
`
  const { version, presets } = await pushVersion(client, yaml)
  t.is(version.job.status, 'succeeded')
  t.like(version, { name: 'v1', template_id: undefined, archived: false, created_by: { username: 'admin' } })
  t.deepEqual(
    presets.map(({ ID: _id, ...preset }) => preset),
    [
      {
        Name: 'zebra',
        Parameters: [
          { Name: 'region', Value: 'us' },
          { Name: 'size', Value: 'big' },
        ],
        Default: false,
        DesiredPrebuildInstances: null,
        Description: 'first',
        Icon: '/z.svg',
      },
      { Name: 'apple', Parameters: null, Default: true, DesiredPrebuildInstances: 0, Description: '', Icon: '' },
    ],
  )
})

test('an import that fails says in its logs what is wrong and where', async (t) => {
  const { client } = await startServer(t)
  const { version } = await pushVersion(client, 'agents:\n  - name: main\n    os: beos\n')
  t.is(version.job.status, 'failed')
  t.truthy(version.job.error)
  const params = { templateversion: version.id }
  const logs = await client(listTemplateVersionLogs, { params, query: {} })
  const problems = logs.filter(({ log_level }) => log_level === 'error').map(({ output }) => output)
  t.regex(problems.join('\n'), /daybreak\.yaml:3:9/)
  const { id } = logs.at(-1)!
  t.deepEqual(await client(listTemplateVersionLogs, { params, query: { after: id } }), [])
  t.deepEqual(await client(listTemplateVersionPresets, { params }), [])
})

test('a version becomes a template once, under a name that is free', async (t) => {
  const server = await startServer(t)
  const { client } = server
  const { template, version } = await pushTemplate(client, COLD, 'Example')
  t.like(template, {
    name: 'Example',
    active_version_id: version.id,
    organization_name: 'default',
    provisioner: 'process',
  })
  t.like(await client(getTemplateVersion, { params: { templateversion: version.id } }), { template_id: template.id })
  const { version: next } = await pushVersion(client, COLD)
  t.is((await refusal(makeTemplate(client, 'example', next.id))).status, 409)
  t.is((await refusal(makeTemplate(client, 'other', version.id))).status, 400)
  t.is((await refusal(makeTemplate(client, 'other', nobodys))).status, 404)
  t.is((await refusal(makeTemplate(client, 'new', next.id))).status, 400)
  const elsewhere = await anOrganization(server)
  await server.db.query(
    sql.unsafe`update daybreak.template_versions set organization_id = ${elsewhere} where id = ${next.id}`,
  )
  t.is((await refusal(makeTemplate(client, 'other', next.id))).status, 404)
})

test('versions without a name are counted, although several are pushed at once', async (t) => {
  const { client } = await startServer(t, { role: 'api' })
  const { hash } = await client.upload(uploadFile, { bytes: await tarOf(COLD), type: 'application/x-tar' })
  const push = async (more: object) =>
    await client(createTemplateVersion, { params: { organization }, body: { file_id: hash, ...more } })
  const { id } = await push({})
  const template = await makeTemplate(client, 'example', id)
  const pushed = await Promise.all([1, 2, 3, 4].map(() => push({ template_id: template.id })))
  t.deepEqual(pushed.map(({ name }) => name).toSorted(), ['v2', 'v3', 'v4', 'v5'])
  t.is((await refusal(push({ template_id: template.id, name: 'V3' }))).status, 409)
  t.is((await refusal(push({ template_id: nobodys }))).status, 404)
  t.is((await refusal(push({ file_id: nobodys }))).status, 404)
  const versions = await client(listTemplateVersions, {
    params: { template: template.id },
    query: { offset: 1, limit: 2 },
  })
  t.is(versions.length, 2)
  const params = { template: template.id, name: 'v4' }
  t.is((await client(getTemplateVersionByName, { params })).name, 'v4')
})

test('only what was imported successfully, and belongs to the template, is promoted', async (t) => {
  const { client } = await startServer(t)
  const { template } = await pushTemplate(client, COLD)
  const other = await pushTemplate(client, COLD.replace('cold', 'other'), 'other')
  const failed = await pushVersion(client, 'agents: []\n', template)
  t.is(failed.version.job.status, 'failed')
  t.is((await refusal(promote(client, template, failed.version))).status, 403)
  t.is((await refusal(promote(client, template, other.version))).status, 400)
  t.is((await refusal(promote(client, template, { id: nobodys }))).status, 404)
})

test('a promotion empties the pool of the previous version and fills that of the new one', async (t) => {
  const { client, db } = await startServer(t)
  const first = await pushTemplate(client, warm(2))
  const pools = () => client(listPrebuildPools, {})
  await until(pools, ([pool]) => pool?.ready === 2)
  const next = await pushVersion(client, warm(1), first.template)
  t.like(await promote(client, first.template, next.version), { message: 'Updated the active template version!' })
  await until(
    pools,
    ([pool]) => pool?.template_version_id === next.version.id && pool.ready === 1 && pool.starting === 0,
  )
  const Left = z.object({ presetId: z.guid(), rows: z.int() })
  const left = () =>
    db.any(sql.type(Left)`
    select preset_id, count(*)::int as rows from daybreak.prebuild_pool group by preset_id`)
  t.deepEqual(await until(left, (rows) => rows.length === 1), [{ presetId: next.presets[0]!.ID, rows: 1 }])
  const body = { name: 'mine', template_id: first.template.id, template_version_preset_id: next.presets[0]!.ID }
  t.true((await client(createWorkspace, { params: { user: 'me' }, body })).claim.from_pool)
})

test('from the answer to an invalidation on, none of the prebuilds that it names is claimed', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const world = await aWarmTemplate(server)
  const old = await readyPrebuilds(server.db, world, 3)
  const { invalidated } = await server.client(invalidatePrebuilds, { params: { template: world.templateId } })
  t.like(invalidated, [{ preset_name: 'warm', template_version_name: 'v1' }])
  const claim = async (name: string) => {
    const body = { name, template_id: world.templateId, template_version_preset_id: world.presetId }
    return await server.client(createWorkspace, { params: { user: 'me' }, body })
  }
  for (const name of old.keys()) t.false((await claim(`cold-${name}`)).claim.from_pool)
  const fresh = await aReadyPrebuild(server.db, world)
  t.is((await claim('warm')).id, fresh)
})

test('invalidated prebuilds are replaced by as many new ones', async (t) => {
  const { client, db } = await startServer(t)
  const { template } = await pushTemplate(client, warm(2))
  const pooled = async () =>
    (
      await db.any(sql.type(z.object({ id: z.guid() }))`
      select workspace_id as id from daybreak.prebuild_pool where state = 'ready' order by 1`)
    ).map(({ id }) => id)
  const old = await until(pooled, ({ length }) => length === 2)
  await client(invalidatePrebuilds, { params: { template: template.id } })
  const fresh = await until(pooled, (ids) => ids.length === 2 && !ids.some((id) => old.includes(id)))
  t.is(new Set([...old, ...fresh]).size, 4)
})

test('a member may use templates, and neither push, promote nor invalidate them', async (t) => {
  const server = await startServer(t)
  const { template, version } = await pushTemplate(server.client, COLD)
  const { client } = await aPerson(server)
  const { hash } = await client.upload(uploadFile, { bytes: await tarOf(COLD), type: 'application/x-tar' })
  const push = client(createTemplateVersion, {
    params: { organization },
    body: { file_id: hash, template_id: template.id },
  })
  const invalidate = client(invalidatePrebuilds, { params: { template: template.id } })
  for (const asking of [push, promote(client, template, version), invalidate, makeTemplate(client, 'x', version.id)]) {
    t.like(await refusal(asking), { status: 403, body: { message: 'Forbidden.' } })
  }
  const body = { name: 'mine', template_id: template.id }
  t.is((await client(createWorkspace, { params: { user: 'me' }, body })).template_id, template.id)
  const stolen = server.client(createTemplateVersion, { params: { organization }, body: { file_id: hash } })
  t.is((await refusal(stolen)).status, 404)
})
