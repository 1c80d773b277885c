// Sessions and API tokens of a user. A secret is answered once, when it is made.
import { type Request, Router } from 'express'
import {
  deleteTokenNamed,
  findKey,
  type FindKeyRow,
  insertScopedKey,
  listTokens as listTokenRows,
} from '../../sql/api_keys.sql.ts'
import { type Db, isUniqueViolation } from '../../sql/database.ts'
import { deleteApiKey, type FindUserRow } from '../../sql/identity.sql.ts'
import { lockUser } from '../../sql/users.sql.ts'
import { type APIKey, createSessionKey, createToken, deleteKey, getKey, listTokens } from '../contract/keys.ts'
import { MAX_PAGE } from '../contract/values.ts'
import { Refusal } from '../domain/errors.ts'
import type { Target } from '../domain/rbac/may.ts'
import { notFound } from '../domain/refusals.ts'
import { hashSecret, newApiKey, randomText } from '../secrets.ts'
import { type Actor, requireMay, requireRead } from './access.ts'
import { audit } from './audit.ts'
import { readLimits, readLifetime } from './keys/limits.ts'
import { type ApiContext, route } from './route.ts'
import { resolveUser } from './users.ts'
import { requireAbove } from './users/guards.ts'
import { SESSION_SECONDS } from './users/sessions.ts'
import { iso } from './wire/time.ts'

/** What clients of the wire format read as never. */
const NEVER = '0001-01-01T00:00:00Z'

export function keys(context: ApiContext): Router {
  const router = Router()
  const { db } = context

  route(router, context, createSessionKey, async ({ params }, { actor, request }) => {
    const user = await resolveUser(db, params.user, actor)
    await requireMayMake(db, { actor, user })
    const { scopes, allowList } = readLimits({}, actor)
    const key = { loginType: 'none', tokenName: '', scopes, allowList, lifetimeSeconds: SESSION_SECONDS }
    return { key: await makeKey(db, { user, key, by: { actor, request } }) }
  })

  route(router, context, createToken, async ({ params, body }, { actor, request }) => {
    const user = await resolveUser(db, params.user, actor)
    await requireMayMake(db, { actor, user })
    const tokenName = body.token_name ?? `token-${randomText(8)}`
    const key = { loginType: 'token', tokenName, ...readLimits(body, actor), lifetimeSeconds: readLifetime(body) }
    return { key: await makeKey(db, { user, key, by: { actor, request } }) }
  })

  route(router, context, listTokens, async ({ params, query }, { actor }) => {
    const user = await resolveUser(db, params.user, actor)
    requireRead(actor, keyTarget({ userId: user.id }))
    const includeExpired = query.include_expired
    return (await listTokenRows(db, { userId: user.id, includeExpired, limit: MAX_PAGE })).map(keyShape)
  })

  route(router, context, getKey, async ({ params }, { actor }) => {
    const user = await resolveUser(db, params.user, actor)
    return keyShape(await readKey(db, { id: params.key, userId: user.id, actor }))
  })

  route(router, context, deleteKey, async ({ params }, { actor, request }) => {
    const user = await resolveUser(db, params.user, actor)
    const row = await readKey(db, { id: params.key, userId: user.id, actor })
    requireMay(actor, 'delete', keyTarget(row))
    await db.transaction(async (tx) => {
      await deleteApiKey(tx, { id: row.id })
      const target = { type: 'api_key', id: row.id, name: row.tokenName }
      await audit(tx, { actor, request }, { action: 'delete', target, before: { user_id: user.id } })
    })
    return undefined
  })

  return router
}

function keyTarget({ id, userId }: { id?: string; userId: string }): Target {
  return { type: 'api_key', ownerId: userId, ...(id === undefined ? {} : { id }) }
}

async function requireMayMake(db: Db, { actor, user }: { actor: Actor; user: FindUserRow }): Promise<void> {
  requireMay(actor, 'create', keyTarget({ userId: user.id }))
  await requireAbove(db, { actor, user })
}

async function readKey(db: Db, { actor, ...key }: { actor: Actor; id: string; userId: string }): Promise<FindKeyRow> {
  const row = await findKey(db, key)
  if (!row) throw notFound()
  requireRead(actor, keyTarget(row))
  return row
}

type NewKey = {
  loginType: string
  tokenName: string
  scopes: readonly string[]
  allowList: readonly string[]
  lifetimeSeconds: number
}
type Making = { user: FindUserRow; key: NewKey; by: { actor: Actor; request: Request } }

async function makeKey(db: ApiContext['db'], { user, key, by }: Making): Promise<string> {
  const { id, secret, text } = newApiKey()
  try {
    await db.transaction(async (tx) => {
      const locked = await lockUser(tx, { id: user.id })
      if (!locked) throw notFound()
      await requireAbove(tx, { actor: by.actor, user: locked }) // he may have been given more meanwhile
      await deleteTokenNamed(tx, { userId: user.id, tokenName: key.tokenName })
      await insertScopedKey(tx, { ...key, id, hashedSecret: hashSecret(secret), userId: user.id })
      await audit(tx, by, {
        action: 'create',
        target: { type: 'api_key', id, name: key.tokenName },
        after: {
          user_id: user.id,
          scopes: key.scopes,
          allow_list: key.allowList,
          lifetime_seconds: key.lifetimeSeconds,
        },
      })
    })
  } catch (error) {
    if (!isUniqueViolation(error, 'api_keys_token_name')) throw error
    throw new Refusal('conflict', `A token with the name "${key.tokenName}" already exists.`, {
      validations: [{ field: 'token_name', detail: 'This value is already in use and should be unique.' }],
      cause: error,
    })
  }
  return text
}

function keyShape(row: FindKeyRow): APIKey {
  return {
    id: row.id,
    user_id: row.userId,
    last_used: row.lastUsedAt === null ? NEVER : iso(row.lastUsedAt),
    expires_at: iso(row.expiresAt),
    created_at: iso(row.createdAt),
    updated_at: iso(row.updatedAt),
    login_type: row.loginType,
    scope: oldScope(row.scopes),
    scopes: row.scopes,
    token_name: row.tokenName,
    lifetime_seconds: row.lifetimeSeconds,
    allow_list: row.allowList,
  }
}

/** What clients from before scopes had parts understand. */
function oldScope([only, ...more]: readonly string[]): string {
  if (more.length > 0) return ''
  return only === 'coder:all' ? 'all' : only === 'coder:application_connect' ? 'application_connect' : ''
}
