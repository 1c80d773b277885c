import { Router } from 'express'
import type { Db } from '../../sql/database.ts'
import { findUser } from '../../sql/identity.sql.ts'
import {
  countWorkspaces,
  findWorkspaceIdByName,
  listWorkspaceIds,
  findWorkspace,
  type FindWorkspaceRow,
} from '../../sql/workspaces.sql.ts'
import { MAX_PAGE } from '../contract/values.ts'
import {
  createMemberWorkspace,
  createWorkspace,
  getWorkspace,
  getWorkspaceByName,
  listWorkspaces,
  type CreateWorkspace,
} from '../contract/workspaces.ts'
import { may, type Target } from '../domain/rbac/may.ts'
import { isEntryWithin, isScopeWithin } from '../domain/rbac/narrower.ts'
import { notFound } from '../domain/refusals.ts'
import { type Actor, organizationsOfOthersWorkspaces, requireRead, workspaceTarget } from './access.ts'
import { Refusal } from '../domain/errors.ts'
import { asId } from './ids.ts'
import { type ApiContext, type Exchange, route } from './route.ts'
import { resolveOrganization } from './organizations.ts'
import { resolveUser } from './users.ts'
import { oneWorkspace, workspaceShapes } from './wire/workspaces.ts'
import { createWorkspace as create } from './workspaces/create.ts'
import { parseWorkspaceQuery } from './workspaces/query.ts'
import { resolveTarget } from './workspaces/target.ts'

export function workspaces(context: ApiContext): Router {
  const router = Router()
  const { db } = context

  route(
    router,
    context,
    createWorkspace,
    async ({ params, body }, who) => await createFor(context, { ...who, user: params.user, body }),
  )

  route(router, context, createMemberWorkspace, async ({ params, body }, who) => {
    const { id: organizationId } = await resolveOrganization(db, params.organization, who.actor)
    return await createFor(context, { ...who, user: params.user, body, organizationId })
  })

  route(router, context, listWorkspaces, async ({ query }, { actor }) => {
    const filter = await toFilter(db, query.q, actor)
    if (!filter) return { workspaces: [], count: 0 }
    if (isKeptShort(actor)) return await listReadable(db, { filter, actor, page: query })
    const ids = await listWorkspaceIds(db, { ...filter, limit: query.limit || MAX_PAGE, offset: query.offset })
    const { workspaces: count } = await countWorkspaces(db, filter)
    return {
      workspaces: await workspaceShapes(
        db,
        ids.map(({ id }) => id),
      ),
      count,
    }
  })

  route(router, context, getWorkspace, async ({ params, query }, { actor }) => {
    const row = await readableWorkspace(db, params.workspace, actor)
    if (row.deletedAt !== null && !query.include_deleted) {
      throw new Refusal('gone', `Workspace ${row.id} has been deleted.`, {
        detail: 'Ask with include_deleted=true to see it.',
      })
    }
    return await oneWorkspace(db, row.id)
  })

  route(router, context, getWorkspaceByName, async ({ params }, { actor }) => {
    const owner = await resolveOwner(db, params.user, actor)
    const found = owner && (await findWorkspaceIdByName(db, { ownerId: owner, name: params.name }))
    if (!found) throw notFound()
    return await oneWorkspace(db, (await readableWorkspace(db, found.id, actor)).id)
  })

  return router
}

type CreateFor = Exchange & { actor: Actor; user: string; body: CreateWorkspace; organizationId?: string }

async function createFor(context: ApiContext, { actor, user, body, organizationId, request }: CreateFor) {
  const ownerId = isSelf(user, actor) ? actor.id : (await resolveUser(context.db, user, actor)).id
  const idempotencyKey = request.get('Idempotency-Key') ?? null
  if (idempotencyKey !== null && (idempotencyKey.length === 0 || idempotencyKey.length > 255)) {
    throw new Refusal('invalid', 'Idempotency-Key must have 1 to 255 characters.')
  }
  const wanted = { body, actor, ownerId, organizationId: organizationId ?? null }
  const { workspaceId, claim } = await create(context, {
    userId: ownerId,
    actorId: actor.id,
    body,
    resolve: async () => await resolveTarget(context.db, wanted),
    idempotencyKey,
    request,
  })
  // A repeat is answered before it is asked who asks.
  if (idempotencyKey !== null) await requireOwn(context.db, workspaceId, actor)
  return { ...(await oneWorkspace(context.db, workspaceId)), claim }
}

async function requireOwn(db: Db, id: string, { subject }: Actor): Promise<void> {
  const row = await findWorkspace(db, { id })
  const { ownerId = '', organizationId = '' } = row ?? {}
  const made: Target = { type: 'workspace', ownerId, organizationId }
  if (!row || !(may(subject, 'create', made) || may(subject, 'read', workspaceTarget(row)))) throw notFound()
}

/** A token that may not read every workspace of its user. */
function isKeptShort({ subject }: Actor): boolean {
  return !isScopeWithin('workspace:read', subject) || !isEntryWithin('workspace:*', subject)
}

type Page = { limit: number; offset: number }

/** Such tokens are for few: those are looked for among as many as a page holds. */
async function listReadable(db: Db, { filter, actor, page }: { filter: Filter; actor: Actor; page: Page }) {
  const ids = await listWorkspaceIds(db, { ...filter, limit: MAX_PAGE, offset: 0 })
  const shapes = await workspaceShapes(
    db,
    ids.map(({ id }) => id),
  )
  const readable = shapes.filter((row) =>
    may(
      actor.subject,
      'read',
      workspaceTarget({ id: row.id, ownerId: row.owner_id, organizationId: row.organization_id }),
    ),
  )
  const { limit, offset } = page
  return { workspaces: readable.slice(offset, offset + (limit || MAX_PAGE)), count: readable.length }
}

/** Spares a look-up in the usual case. */
function isSelf(user: string, actor: Actor): boolean {
  return user === 'me' || user === actor.username || asId(user) === actor.id
}

type Filter = {
  ownerId: string | null
  readerId: string
  organizationIds: readonly string[] | null
  templateName: string | null
  name: string | null
}

/** Null: nothing can match. People see their own, and other people's where a role lets them. */
async function toFilter(db: Db, q: string, actor: Actor): Promise<Filter | null> {
  const query = parseWorkspaceQuery(q)
  const ownerId = query.owner === undefined ? undefined : await resolveOwner(db, query.owner, actor)
  if (ownerId === null) return null
  return {
    ownerId: ownerId ?? null,
    readerId: actor.id,
    organizationIds: organizationsOfOthersWorkspaces(actor),
    templateName: query.template ?? null,
    name: query.name ?? null,
  }
}

/** The owner of prebuilds is found by name too. */
async function resolveOwner(db: Db, user: string, actor: Actor): Promise<string | null> {
  if (user === 'me') return actor.id
  const id = asId(user)
  return (await findUser(db, { id, username: id === null ? user : null }))?.id ?? null
}

/** Deleted ones included. */
export async function readableWorkspace(db: Db, id: string, actor: Actor): Promise<FindWorkspaceRow> {
  const row = await findWorkspace(db, { id })
  if (!row) throw notFound()
  requireRead(actor, workspaceTarget(row))
  return row
}
