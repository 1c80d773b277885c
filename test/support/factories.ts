// Rows with defaults, for tests about rows.
import { randomBytes, randomUUID } from 'node:crypto'
import { sql } from 'slonik'
import { z } from 'zod'
import type { Pool } from '../../sql/database.ts'
import { insertFile } from '../../sql/files.sql.ts'
import { insertMember, insertOrganization, insertUser } from '../../sql/identity.sql.ts'
import { insertPoolRow } from '../../sql/prebuild_pool.sql.ts'
import { insertPreset, insertPresetSchedules } from '../../sql/presets.sql.ts'
import { insertImportJob } from '../../sql/provisioner_jobs.sql.ts'
import { grantTemplate } from '../../sql/template_acl.sql.ts'
import { attachTemplateVersion, insertTemplate, insertTemplateVersion, storeManifest } from '../../sql/templates.sql.ts'
import { insertAgent } from '../../sql/workspace_agents.sql.ts'
import { insertBuild, insertResource } from '../../sql/workspace_builds.sql.ts'
import { insertWorkspace } from '../../sql/workspaces.sql.ts'
import type { ClaimTarget } from '../../src/claims.ts'
import { TemplateManifest } from '../../src/domain/manifest.ts'
import { hashSecret, prebuildName, randomText } from '../../src/secrets.ts'
import { SYSTEM_USER_ID } from '../../src/systemUser.ts'

export type World = {
  organizationId: string
  adminId: string
  templateId: string
  versionId: string
  presetId: string
  target: ClaimTarget
}

export async function aUser(db: Pool, organizationId: string, username = `u-${randomText(8)}`): Promise<string> {
  const { id } = await insertUser(db, {
    username,
    email: `${username}@example.com`,
    name: '',
    loginType: 'none',
    roles: [],
  })
  await insertMember(db, { userId: id, organizationId })
  return id
}

export type PresetOptions = {
  instances?: number | null
  ttlSeconds?: number | null
  timezone?: string | null
  schedules?: readonly { cron: string; instances: number }[]
}

/** An organization, an admin, a template with one imported version and one preset. */
export async function aWorld(db: Pool, preset: PresetOptions = {}): Promise<World> {
  const { id: organizationId } = await insertOrganization(db, { name: 'default', displayName: '', isDefault: true })
  const admin = { username: 'admin', email: 'admin@example.com', name: '', loginType: 'none', roles: ['owner'] }
  const { id: adminId } = await insertUser(db, admin)
  await insertMember(db, { userId: adminId, organizationId })
  return await aTemplate(db, { organizationId, adminId, ...preset })
}

export async function aTemplate(
  db: Pool,
  { organizationId, adminId, ...preset }: { organizationId: string; adminId: string } & PresetOptions,
): Promise<World> {
  const { instances = 0, ttlSeconds = null, timezone = null, schedules = [] } = preset
  const file = await insertFile(db, {
    hash: randomBytes(32),
    mimetype: 'application/x-tar',
    data: Buffer.from(''),
    createdBy: adminId,
  })
  const order = { organizationId, initiatorId: adminId, provisioner: 'process', fileId: file?.id ?? '' }
  const job = await insertImportJob(db, order)
  await db.query(
    sql.unsafe`update daybreak.provisioner_jobs set started_at = now(), completed_at = now() where id = ${job.id}`,
  )
  const { id: versionId } = await insertTemplateVersion(db, {
    templateId: null,
    organizationId,
    name: 'v1',
    message: '',
    jobId: job.id,
    createdBy: adminId,
  })
  const manifest = TemplateManifest.parse({ agents: [{ name: 'main' }] })
  await storeManifest(db, { id: versionId, manifest, readme: '' })
  const { id: templateId } = await insertTemplate(db, {
    organizationId,
    name: `t-${randomText(8)}`,
    displayName: '',
    description: '',
    icon: '',
    provisioner: 'process',
    activeVersionId: versionId,
    createdBy: adminId,
  })
  await attachTemplateVersion(db, { id: versionId, templateId, organizationId })
  await grantTemplate(db, { templateId, groupId: organizationId, actions: ['read', 'use'] })
  const { id: presetId } = await insertPreset(db, {
    versionId,
    name: 'warm',
    presetKey: 'warm',
    description: '',
    icon: '',
    isDefault: false,
    desiredInstances: instances,
    invalidateAfterSecs: ttlSeconds,
    schedulingTimezone: timezone,
  })
  await insertPresetSchedules(db, { presetId, schedules })
  const target: ClaimTarget = {
    templateId,
    presetId,
    presetKey: 'warm',
    provisioner: 'process',
    claimable: [versionId],
    ttlSeconds,
    lastInvalidatedAt: null,
  }
  return { organizationId, adminId, templateId, versionId, presetId, target }
}

/** A prebuild whose build has succeeded and whose agent is connected and ready, as rows. */
export async function aReadyPrebuild(db: Pool, world: World): Promise<string> {
  return await db.transaction(async (tx) => {
    const { organizationId, templateId, versionId, presetId } = world
    const owner = { ownerId: SYSTEM_USER_ID, organizationId, templateId, name: prebuildName(), bornAsPrebuild: true }
    const { id: workspaceId } = await insertWorkspace(tx, { id: null, ...owner })
    const build = await insertBuild(tx, {
      workspaceId,
      organizationId,
      provisioner: 'process',
      host: null,
      transition: 'start',
      reason: 'prebuild',
      stage: 'prebuild',
      initiatorId: SYSTEM_USER_ID,
      templateVersionId: versionId,
      presetId,
      priority: 10,
    })
    await tx.query(
      sql.unsafe`update daybreak.provisioner_jobs set started_at = now(), completed_at = now()
          where id = ${build.jobId}`,
    )
    const resource = await insertResource(tx, { jobId: build.jobId, type: 'process', name: 'workspace' })
    await insertAgent(tx, {
      id: randomUUID(),
      workspaceId,
      buildId: build.id,
      resourceId: resource.id,
      name: 'main',
      tokenHash: hashSecret(randomUUID()),
      tokenSealed: Buffer.from('sealed'),
      operatingSystem: 'linux',
      architecture: 'amd64',
      directory: '',
      environmentVariables: {},
      connectionTimeoutSeconds: 120,
    })
    await tx.query(sql.unsafe`update daybreak.workspace_agents set lifecycle_state = 'ready',
        first_connected_at = now(),
      last_connected_at = now(), ready_at = now() where workspace_id = ${workspaceId}`)
    await insertPoolRow(tx, { workspaceId, templateId, templateVersionId: versionId, presetId, presetKey: 'warm' })
    await tx.query(sql.unsafe`update daybreak.prebuild_pool set state = 'ready', ready_at = clock_timestamp()
      where workspace_id = ${workspaceId}`)
    return workspaceId
  })
}

export async function readyPrebuilds(db: Pool, world: World, count: number): Promise<string[]> {
  const ids: string[] = []
  for (let i = 0; i < count; i++) ids.push(await aReadyPrebuild(db, world))
  return ids
}

/** Who owns each workspace, by its id. */
export async function ownersOf(db: Pool, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await db.any(sql.type(z.object({ id: z.guid(), ownerId: z.guid() }))`
    select id, owner_id from daybreak.workspaces where id = any(${sql.array(ids, 'uuid')})`)
  return new Map(rows.map(({ id, ownerId }) => [id, ownerId]))
}
