// Making a workspace: a prebuild of the preset when one is ready, a fresh build otherwise, and never two for one
// request.
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  deleteOldIdempotencyKeys,
  findIdempotencyKey,
  insertEvent,
  insertIdempotencyKey,
} from '../../../sql/claims.sql.ts'
import { isUniqueViolation, type Tx } from '../../../sql/database.ts'
import { insertBuildParameters } from '../../../sql/workspace_builds.sql.ts'
import { insertWorkspace } from '../../../sql/workspaces.sql.ts'
import { orderBuild, PRIORITY } from '../../builds.ts'
import { type Claimed, claimPrebuild } from '../../claims.ts'
import type { Claim, CreateWorkspace } from '../../contract/workspaces.ts'
import { Refusal } from '../../domain/errors.ts'
import { withWakes } from '../../jobs/wakes.ts'
import { audit, type Auditor, originOf } from '../audit.ts'
import type { ApiContext } from '../route.ts'
import { readTarget, type Target } from './target.ts'

/** While a request waits for a prebuild that is about to be ready. */
const WAIT_POLL_MS = 100

export type CreateRequest = {
  userId: string
  actorId: string
  body: CreateWorkspace
  /** What the request means at the moment; refuses what cannot be built. */
  resolve(): Promise<Target>
  idempotencyKey: string | null
  /** For the audit log. */
  request: NonNullable<Auditor['request']>
}
export type Created = { workspaceId: string; claim: Claim }
type Resolved = CreateRequest & { target: Target }

/** A repeat has the answer of its first, whatever became of the template since. */
export async function createWorkspace(context: ApiContext, request: CreateRequest): Promise<Created> {
  const repeated = await findRepeated(context, request)
  if (repeated) return repeated
  const target = await request.resolve()
  if (target.nameTaken) return await repeatOrRefuse(context, request)
  try {
    return await claimOrBuild(context, { ...request, target })
  } catch (error) {
    if (isUniqueViolation(error, 'workspaces_owner_name')) return await repeatOrRefuse(context, request)
    if (isUniqueViolation(error, 'idempotency_keys_pkey')) return await repeatOrForget(context, request)
    throw error
  }
}

/** Whoever has the name now may be this same request, run beside this one: then its workspace is the answer. */
async function repeatOrRefuse(context: ApiContext, request: CreateRequest): Promise<Created> {
  const other = await findRepeated(context, request)
  if (other) return other
  throw nameTaken(request.body.name)
}

/** Whoever has the key may be this same request, run beside this one, or one whose time is over. */
async function repeatOrForget(context: ApiContext, request: CreateRequest): Promise<Created> {
  const other = await findRepeated(context, request)
  if (other) return other
  await deleteOldIdempotencyKeys(context.db)
  return await createWorkspace(context, request)
}

async function claimOrBuild(context: ApiContext, request: Resolved): Promise<Created> {
  const startedMs = performance.now()
  const { body, target } = request
  const waited = (): number => Math.round(performance.now() - startedMs)
  const preset = target.preset?.name ?? null
  const whyNot = target.unusable ?? (body.prebuild === 'never' ? 'the request asked for a fresh build' : null)
  if (whyNot === null) {
    const claimed = await claimWithin(context, request)
    if (claimed) return { workspaceId: claimed.workspaceId, claim: { from_pool: true, preset, waited_ms: waited() } }
  }
  const why = whyNot ?? 'no prebuild of this preset was ready'
  if (body.prebuild === 'require') {
    throw new Refusal('conflict', `No prebuild can be claimed: ${why}.`, {
      detail: 'Ask again later, or let the request fall back to a fresh build with "prebuild": "prefer".',
      retryAfterSeconds: 2,
    })
  }
  const workspaceId = await buildFresh(context, request)
  return { workspaceId, claim: { from_pool: false, preset, waited_ms: waited(), why_not: why } }
}

/** Looks at the template again after each pause: what was invalidated or promoted meanwhile counts. */
async function claimWithin(context: ApiContext, request: Resolved): Promise<Claimed | null> {
  const until = performance.now() + request.body.wait_ms
  let { target } = request
  for (;;) {
    const claimed = await claimNow(context, { ...request, target })
    if (claimed) return claimed
    if (performance.now() + WAIT_POLL_MS > until) break
    await sleep(WAIT_POLL_MS)
    target = await request.resolve()
  }
  const missed = { kind: 'claim_missed', workspaceId: null, userId: request.userId, detail: '' }
  if (target.preset) await insertEvent(context.db, { presetId: target.preset.claim.presetId, ...missed })
  return null
}

async function claimNow(context: ApiContext, request: Resolved): Promise<Claimed | null> {
  const { target, userId, actorId, body } = request
  if (!target.preset || target.unusable !== null) return null
  const { claim } = target.preset
  const order = {
    target: claim,
    userId,
    actorId,
    name: body.name,
    now: target.now,
    idempotency: idempotencyOf(request),
    origin: originOf(request.request),
  }
  const claimed = await claimPrebuild(context.db, order)
  if (claimed) context.announcements.add({ workspaceId: claimed.workspaceId, presetId: claim.presetId })
  return claimed
}

async function buildFresh(context: ApiContext, request: Resolved): Promise<string> {
  const { target, body, userId, actorId } = request
  return await withWakes(context.db, async (tx, causes) => {
    const workspace = await insertWorkspace(tx, {
      id: null,
      ownerId: userId,
      organizationId: target.organizationId,
      templateId: target.templateId,
      name: body.name,
      bornAsPrebuild: false,
    })
    const build = await orderBuild(tx, causes, {
      workspaceId: workspace.id,
      organizationId: target.organizationId,
      provisioner: target.provisioner,
      host: null,
      transition: 'start',
      reason: 'initiator',
      stage: 'none',
      initiatorId: actorId,
      templateVersionId: target.versionId,
      presetId: target.preset?.claim.presetId ?? null,
      priority: PRIORITY.person,
    })
    await insertBuildParameters(tx, { buildId: build.id, parameters: { ...target.parameters } })
    const idempotency = idempotencyOf(request)
    if (idempotency) {
      const { key, hash } = idempotency
      await insertIdempotencyKey(tx, { userId: actorId, key, requestHash: hash, workspaceId: workspace.id })
    }
    causes.workspace(workspace.id)
    await auditCreation(tx, request, workspace.id)
    return workspace.id
  })
}

/** Of a claim the row is part of the claim's one statement. */
async function auditCreation(tx: Tx, { target, body, ...who }: Resolved, id: string): Promise<void> {
  await audit(
    tx,
    { actor: { id: who.actorId }, request: who.request },
    {
      action: 'create',
      target: { type: 'workspace', id, name: body.name },
      organizationId: target.organizationId,
      after: {
        name: body.name,
        owner_id: who.userId,
        template_id: target.templateId,
        template_version_id: target.versionId,
        preset_id: target.preset?.claim.presetId ?? null,
        parameters: { ...target.parameters },
      },
    },
  )
}

async function findRepeated(context: ApiContext, request: CreateRequest): Promise<Created | null> {
  const idempotency = idempotencyOf(request)
  if (!idempotency) return null
  const earlier = await findIdempotencyKey(context.db, { userId: request.actorId, key: idempotency.key })
  if (!earlier) return null
  if (!earlier.requestHash.equals(idempotency.hash)) {
    throw new Refusal('unprocessable', 'This Idempotency-Key was used for another request.', {
      detail: 'Send a new key with a new request.',
    })
  }
  const row = await readTarget(context.db, { body: request.body, ownerId: request.userId })
  const claim = { from_pool: earlier.fromPool, preset: row?.presetName ?? null, waited_ms: 0 }
  return { workspaceId: earlier.workspaceId, claim }
}

function idempotencyOf({ idempotencyKey, userId, body }: CreateRequest): { key: string; hash: Buffer } | null {
  if (idempotencyKey === null) return null
  return {
    key: idempotencyKey,
    hash: createHash('sha256')
      .update(JSON.stringify([userId, body]))
      .digest(),
  }
}

function nameTaken(name: string): Refusal {
  return new Refusal('conflict', `Workspace "${name}" already exists.`, {
    validations: [{ field: 'name', detail: 'This value is already in use and should be unique.' }],
  })
}
