// Many rows at once, as a deployment of some years has them. Set-based: half a million builds take seconds.
import type pg from 'pg'

export type Seeded = {
  organizationId: string
  adminId: string
  templateId: string
  versionId: string
  presetId: string
}
export type Size = { workspaces: number; builds: number; owners: number }

export async function seedTemplate(client: pg.Client): Promise<Seeded> {
  const { rows } = await client.query<Seeded>(SEED_TEMPLATE)
  const [seeded] = rows
  if (!seeded) throw new Error('the template was not seeded')
  return seeded
}

/** Claimed workspaces of many owners with their whole history, none of which a claim may look at. */
export async function seedHistory(client: pg.Client, { world, size }: { world: Seeded; size: Size }): Promise<void> {
  await client.query('begin')
  // No foreign keys are checked: the rows are right by construction.
  await client.query(`set local session_replication_role = replica`)
  await client.query(
    `insert into daybreak.users (username, email)
     select 'owner-' || n, 'owner-' || n || '@example.com' from generate_series(1, $1::int) n`,
    [size.owners],
  )
  await client.query(
    `create temp table seeded on commit drop as
     select uuidv7() as workspace_id, n, (select array_agg(uuidv7()) from generate_series(1, $1::int) where n > 0)
         as jobs,
       (select array_agg(uuidv7()) from generate_series(1, $1::int) where n > 0) as builds
     from generate_series(1, $2::int) n`,
    [size.builds, size.workspaces],
  )
  await client.query(
    `insert into daybreak.workspaces (id, owner_id, organization_id, template_id, name, latest_build_id, claimed_at)
     select s.workspace_id, u.id, $1, $2, 'w-' || s.n, s.builds[$3::int], now()
     from seeded s join daybreak.users u on u.username = 'owner-' || (s.n % $4::int + 1)`,
    [world.organizationId, world.templateId, size.builds, size.owners],
  )
  await client.query(
    `insert into daybreak.provisioner_jobs (id, organization_id, initiator_id, provisioner, type, workspace_id,
        started_at, completed_at)
     select j.id, $1, $2, 'process', 'workspace_build', s.workspace_id, now(), now() from seeded s, unnest(s.jobs)
         as j (id)`,
    [world.organizationId, world.adminId],
  )
  await client.query(
    `insert into daybreak.workspace_builds (id, workspace_id, build_number, transition, reason, initiator_id, job_id,
        resources_job_id,
       template_version_id)
     select b.id, s.workspace_id, b.number, case when b.number % 2 = 1 then 'start' else 'stop' end, 'initiator', $1,
         s.jobs[b.number],
       s.jobs[b.number], $2 from seeded s, unnest(s.builds) with ordinality as b (id, number)`,
    [world.adminId, world.versionId],
  )
  await client.query('commit')
  await client.query('vacuum analyze')
}

/** Ready prebuilds with an agent each, as rows. */
export async function seedPrebuilds(
  client: pg.Client,
  { world, count }: { world: Seeded; count: number },
): Promise<void> {
  await client.query('begin')
  await client.query(`set local session_replication_role = replica`)
  await client.query(
    `create temp table fresh on commit drop as
     select uuidv7() as workspace_id, uuidv7() as job_id, uuidv7() as build_id, uuidv7() as resource_id, uuidv7()
         as agent_id
     from generate_series(1, $1::int)`,
    [count],
  )
  await client.query(
    `insert into daybreak.workspaces (id, owner_id, organization_id, template_id, name, latest_build_id,
        born_as_prebuild)
     select workspace_id, daybreak.system_user_id(), $1, $2, 'prebuild-' || workspace_id, build_id, true from fresh`,
    [world.organizationId, world.templateId],
  )
  await client.query(
    `insert into daybreak.provisioner_jobs (id, organization_id, initiator_id, provisioner, type, workspace_id,
        started_at, completed_at)
     select job_id, $1, daybreak.system_user_id(), 'process', 'workspace_build', workspace_id, now(), now() from fresh`,
    [world.organizationId],
  )
  await client.query(
    `insert into daybreak.workspace_builds (id, workspace_id, build_number, transition, reason, stage, initiator_id,
        job_id,
       resources_job_id, template_version_id, preset_id)
     select build_id, workspace_id, 1, 'start', 'prebuild', 'prebuild', daybreak.system_user_id(), job_id, job_id, $1,
         $2 from fresh`,
    [world.versionId, world.presetId],
  )
  await client.query(
    `insert into daybreak.workspace_resources (id, job_id, transition, type, name)
     select resource_id, job_id, 'start', 'process', 'workspace' from fresh`,
  )
  await client.query(
    `insert into daybreak.workspace_agents (id, definition_id, workspace_id, build_id, resource_id, name, token_hash,
        token_sealed,
       operating_system, architecture, connection_timeout_seconds, lifecycle_state, first_connected_at,
           last_connected_at, ready_at)
     select agent_id, agent_id, workspace_id, build_id, resource_id, 'main', sha256(agent_id::text::bytea), 'sealed',
         'linux', 'amd64',
       120, 'ready', now(), now(), now() from fresh`,
  )
  await client.query(
    `insert into daybreak.prebuild_pool (workspace_id, template_id, template_version_id, preset_id, preset_key, state,
        ready_at)
     select workspace_id, $1, $2, $3, 'warm', 'ready', clock_timestamp() from fresh`,
    [world.templateId, world.versionId, world.presetId],
  )
  await client.query('commit')
  await client.query('analyze daybreak.prebuild_pool')
}

const SEED_TEMPLATE = `
with organization as (
  insert into daybreak.organizations (name, is_default) values ('default', true) returning id),
admin as (
  insert into daybreak.users (username, email, roles) values ('admin', 'admin@example.com', '{owner}') returning id),
member as (
  insert into daybreak.organization_members (user_id, organization_id) select admin.id, organization.id from admin,
      organization),
job as (
  insert into daybreak.provisioner_jobs (organization_id, initiator_id, provisioner, type, started_at, completed_at)
  select organization.id, admin.id, 'process', 'template_version_import', now(), now() from organization, admin
      returning id),
ids as (select uuidv7() as template_id, uuidv7() as version_id, uuidv7() as preset_id),
template as (
  insert into daybreak.templates (id, organization_id, name, provisioner, active_version_id, created_by)
  select ids.template_id, organization.id, 'bench', 'process', ids.version_id, admin.id from ids, organization, admin
      returning id),
version as (
  insert into daybreak.template_versions (id, template_id, organization_id, name, job_id, manifest, created_by)
  select ids.version_id, template.id, organization.id, 'v1', job.id,
      '{"agents": [{"name": "main"}], "presets": [], "parameters": []}',
    admin.id from ids, template, organization, job, admin returning id),
granted as (
  insert into daybreak.template_acl (template_id, group_id, actions)
  select template.id, organization.id, '{read,use}' from template, organization),
preset as (
  insert into daybreak.template_version_presets (id, template_version_id, name, preset_key, desired_instances)
  select ids.preset_id, version.id, 'warm', 'warm', 0 from ids, version returning id)
select organization.id as "organizationId", admin.id as "adminId", template.id as "templateId", version.id
    as "versionId",
  preset.id as "presetId"
from organization, admin, template, version, preset`
