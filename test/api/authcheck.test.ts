import test from 'ava'
import { sql } from 'slonik'
import { checkAuthorization, MAX_CHECKS } from '../../src/contract/authcheck.ts'
import type { Client } from '../../src/contract/client.ts'
import { startServer } from '../support/server.ts'
import { aFullWorld } from './everyRoute.ts'
import { anOrganization, aPerson } from './people.ts'

type Checks = Parameters<typeof ask>[1]

async function ask(
  client: Client,
  checks: Record<
    string,
    {
      object: {
        resource_type: string
        owner_id?: string
        organization_id?: string
        resource_id?: string
        any_org?: boolean
      }
      action: string
    }
  >,
  explain: '0' | '1' = '0',
) {
  return await client(checkAuthorization, { query: { explain }, body: { checks } })
}

const NOWHERE = '00000000-0000-4000-8000-000000000000'

test('each check is answered by its name', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const { ids } = await aFullWorld(server)
  const { client, id } = await aPerson(server)
  const mine = { resource_type: 'workspace', owner_id: 'me', organization_id: ids.organization }
  const checks: Checks = {
    createMine: { object: mine, action: 'create' },
    createMineById: { object: { ...mine, owner_id: id }, action: 'create' },
    createAnywhere: { object: { resource_type: 'workspace', owner_id: 'me', any_org: true }, action: 'create' },
    readOthers: { object: { resource_type: 'workspace', organization_id: ids.organization }, action: 'read' },
    createTemplate: { object: { resource_type: 'template', organization_id: ids.organization }, action: 'create' },
    readMyself: { object: { resource_type: 'user', resource_id: id }, action: 'read' },
    debug: { object: { resource_type: 'debug_info' }, action: 'read' },
    unknownType: { object: { resource_type: 'constructor' }, action: 'read' },
    unknownAction: { object: mine, action: 'fly' },
  }
  t.deepEqual(await ask(client, checks), {
    createMine: true,
    createMineById: true,
    createAnywhere: true,
    readOthers: false,
    createTemplate: false,
    readMyself: true,
    debug: false,
    unknownType: false,
    unknownAction: false,
  })
  t.deepEqual(await ask(client, {}), {})
  t.like(await ask(server.client, checks), { createTemplate: true, debug: true, unknownType: false })
})

test('a template that is named counts with its own access list, a workspace with its own owner', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const { ids } = await aFullWorld(server)
  const { client, id } = await aPerson(server)
  const template = { resource_type: 'template', resource_id: ids.template }
  const workspace = { resource_type: 'workspace', resource_id: ids.workspace, owner_id: id }
  const checks: Checks = {
    read: { object: template, action: 'read' },
    use: { object: template, action: 'use' },
    update: { object: template, action: 'update' },
    stopOthers: { object: workspace, action: 'stop' },
    nothing: { object: { resource_type: 'template', resource_id: NOWHERE }, action: 'read' },
    noId: { object: { resource_type: 'template', resource_id: 'x' }, action: 'read' },
  }
  const answer = { read: true, use: true, update: false, stopOthers: false, nothing: false, noId: false }
  t.deepEqual(await ask(client, checks), answer)
  const acl = sql.unsafe`insert into daybreak.template_acl (template_id, user_id, actions)
    values (${ids.template}, ${id}, '{*}')`
  await server.db.query(acl)
  t.deepEqual(await ask(client, checks), { ...answer, update: true })
  await server.db.query(sql.unsafe`delete from daybreak.template_acl where template_id = ${ids.template}`)
  t.deepEqual(await ask(client, checks), { ...answer, read: false, use: false })
})

test('what somebody may not see is answered as what does not exist, whatever is claimed about it', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const { ids } = await aFullWorld(server)
  const { client, id } = await aPerson(server, { organizationId: await anOrganization(server) })
  const claimed = { owner_id: id, organization_id: ids.organization }
  const checks: Checks = {
    template: { object: { resource_type: 'template', resource_id: ids.template, ...claimed }, action: 'use' },
    workspace: { object: { resource_type: 'workspace', resource_id: ids.workspace, ...claimed }, action: 'read' },
  }
  t.deepEqual(await ask(client, checks), { template: false, workspace: false })
})

test('who may debug the server is told why; others are not', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const { ids } = await aFullWorld(server)
  const object = { resource_type: 'template', resource_id: ids.template }
  const checks: Checks = { use: { object, action: 'use' }, fly: { object, action: 'fly' } }
  const why = await ask(server.client, checks, '1')
  t.deepEqual(why, {
    use: { allowed: true, level: 'site', by: 'owner' },
    fly: { allowed: false, level: 'unknown_action' },
  })
  const { client } = await aPerson(server)
  await t.throwsAsync(ask(client, checks, '1'), { message: 'Forbidden.' })
})

test('too many checks, and odd names, are refused or answered, never an error of ours', async (t) => {
  const server = await startServer(t, { role: 'api' })
  const check = { object: { resource_type: 'user' }, action: 'read' }
  const many = Object.fromEntries(Array.from({ length: MAX_CHECKS + 1 }, (_, i) => [`c${i}`, check]))
  await t.throwsAsync(ask(server.client, many), { message: 'Validation failed.' })
  t.deepEqual(await ask(server.client, { constructor: check, '😀': check }), {
    constructor: true,
    '😀': true,
  })
  const odd = { x: { object: { resource_type: 'workspace', resource_id: '%', owner_id: 'nobody' }, action: 'read' } }
  t.deepEqual(await ask(server.client, odd), { x: false })
})
