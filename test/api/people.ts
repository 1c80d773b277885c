// Who asks, in tests of the API: each with an API key of their own.
import { randomUUID } from 'node:crypto'
import { sql } from 'slonik'
import { z } from 'zod'
import { findOrganization, insertApiKey, insertMember, insertOrganization, insertUser } from '../../sql/identity.sql.ts'
import { type Client, createClient } from '../../src/contract/client.ts'
import { hashSecret, newApiKey, randomText } from '../../src/secrets.ts'
import { aTemplate, type PresetOptions, type World } from '../support/factories.ts'
import type { TestServer } from '../support/server.ts'

export type Person = { id: string; username: string; token: string; client: Client }

/** A member of the default organization without roles, unless asked otherwise. */
export async function aPerson(
  { db, url }: Pick<TestServer, 'db' | 'url'>,
  { roles = [], organizationId }: { roles?: string[]; organizationId?: string } = {},
): Promise<Person> {
  const username = `u-${randomText(8)}`
  const email = `${username}@example.com`
  const { id } = await insertUser(db, { username, email, name: '', loginType: 'none', roles })
  const organization = organizationId ?? (await defaultOrganization(db)).id
  await insertMember(db, { userId: id, organizationId: organization })
  const key = newApiKey()
  await insertApiKey(db, {
    id: key.id,
    hashedSecret: hashSecret(key.secret),
    userId: id,
    loginType: 'token',
    tokenName: '',
    lifetimeSeconds: 3600,
  })
  return { id, username, token: key.text, client: createClient(url, key.text) }
}

export async function anOrganization({ db }: Pick<TestServer, 'db'>): Promise<string> {
  const { id } = await insertOrganization(db, { name: `o-${randomText(8)}`, displayName: '', isDefault: false })
  return id
}

/** A template of the default organization as rows, with one preset; `parameters` of its manifest and of its preset. */
export async function aWarmTemplate(
  { db, admin }: Pick<TestServer, 'db' | 'admin'>,
  { organizationId, ...preset }: PresetOptions & { organizationId?: string } = {},
): Promise<World> {
  const organization = organizationId ?? (await defaultOrganization(db)).id
  return await aTemplate(db, { organizationId: organization, adminId: admin.id, instances: 3, ...preset })
}

async function defaultOrganization(db: TestServer['db']): Promise<{ id: string }> {
  const found = await findOrganization(db, { id: null, name: null })
  if (!found) throw new Error('there is no default organization')
  return found
}

/** The agents of a workspace learn tokens that the test knows, and are returned by name. */
export async function knowTokens(db: TestServer['db'], workspaceId: string): Promise<{ id: string; token: string }[]> {
  const rows = await db.any(sql.type(z.object({ id: z.guid() }))`
    select id from daybreak.workspace_agents where workspace_id = ${workspaceId} and deleted_at is null order by name`)
  const agents = rows.map(({ id }) => ({ id, token: randomUUID() }))
  for (const { id, token } of agents) {
    const hash = sql.binary(hashSecret(token))
    await db.query(sql.unsafe`update daybreak.workspace_agents set token_hash = ${hash} where id = ${id}`)
  }
  return agents
}
