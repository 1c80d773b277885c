// Runs one workspace build through its driver. The agents' rows are there before the driver starts anything, so that an
// agent can sign in as soon as it lives; a repeated run finds and uses the same rows.
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { Db, Tx } from '../../../sql/database.ts'
import { lockPoolRow } from '../../../sql/prebuild_pool.sql.ts'
import {
  deleteAgents,
  deleteOtherAgents,
  insertAgent,
  insertAgentScripts,
  listCredentials,
} from '../../../sql/workspace_agents.sql.ts'
import {
  findBuildForProvision,
  type FindBuildForProvisionRow,
  insertResource,
  listBuildParameters,
} from '../../../sql/workspace_builds.sql.ts'
import { lockWorkspace, setWorkspaceHost } from '../../../sql/workspaces.sql.ts'
import { finishBuild } from '../../builds.ts'
import type { Context } from '../../context.ts'
import { DEFAULT_SCRIPT_TIMEOUT_SECONDS, TemplateManifest } from '../../domain/manifest.ts'
import type { AgentCredential, Driver, ProvisionResult } from '../../provisioners/driver.ts'
import { hashSecret } from '../../secrets.ts'
import { withWakes } from '../wakes.ts'
import { type JobRunIo, openJobRun } from './jobRun.ts'

export type Work = {
  job: { id: string; attempt: number }
  driver: Driver
  signal: AbortSignal
}

export const Transition = z.enum(['start', 'stop', 'delete'])
const Stage = z.enum(['none', 'prebuild', 'claim'])

/** True when the build succeeded. Throws what is this worker's fault and not the build's. */
export async function runBuild(context: Context, { job, driver, signal }: Work): Promise<boolean> {
  const build = await findBuildForProvision(context.db, { jobId: job.id })
  if (!build) return false // deleted with its workspace
  const transition = Transition.parse(build.transition)
  const run = openJobRun(context, { job, signal })
  let result: ProvisionResult
  try {
    const manifest = TemplateManifest.parse(build.manifest)
    const agents = await prepareAgents(context, { build, manifest, jobId: job.id, run })
    if (!agents) return false // given to somebody else
    const parameters = await listBuildParameters(context.db, { buildId: build.id })
    result = await driver.provision(
      {
        buildId: build.id,
        buildNumber: build.buildNumber,
        workspaceId: build.workspaceId,
        workspaceName: build.workspaceName,
        ownerName: build.ownerName,
        transition,
        stage: Stage.parse(build.stage),
        manifest,
        parameters: Object.fromEntries(parameters.map(({ name, value }) => [name, value])),
        agents,
      },
      run.io,
    )
  } finally {
    await run.end()
  }
  // Stopped with this worker: the job stays as it is, and whoever comes next takes it up.
  if (!result.ok && signal.aborted && !run.canceled()) return false
  await withWakes(context.db, async (tx, causes) => {
    const holder = { workerId: context.processId, attempt: job.attempt }
    await finishBuild(tx, causes, { jobId: job.id, workspaceId: build.workspaceId, transition, result, holder })
  })
  return result.ok
}

type Prepared = { build: FindBuildForProvisionRow; manifest: TemplateManifest; jobId: string }

/** Null when the job is no longer this worker's: then nothing was written. */
async function prepareAgents(
  context: Context,
  { build, manifest, jobId, run }: Prepared & { run: JobRunIo },
): Promise<AgentCredential[] | null> {
  return await context.db.transaction(async (tx) => {
    await lockPoolRow(tx, { workspaceId: build.workspaceId })
    const workspace = await lockWorkspace(tx, { id: build.workspaceId })
    if (!(await run.hold(tx))) return null
    if (build.transition === 'start') {
      // Begun on another host, whose agents may live: their tokens must not be those of the ones started here.
      const elsewhere = workspace?.host !== null && workspace?.host !== context.hostId
      if (elsewhere) await deleteAgents(tx, { workspaceId: build.workspaceId })
      await setWorkspaceHost(tx, { id: build.workspaceId, host: context.hostId })
      await deleteOtherAgents(tx, { workspaceId: build.workspaceId, buildId: build.id })
      const existing = await listCredentials(tx, { workspaceId: build.workspaceId })
      if (existing.length === 0) await insertAgents(context, tx, { build, manifest, jobId })
    }
    return await readCredentials(context, tx, build.workspaceId)
  })
}

async function insertAgents(context: Context, tx: Tx, { build, manifest, jobId }: Prepared): Promise<void> {
  const resource = await insertResource(tx, { jobId, type: 'process', name: 'workspace' })
  for (const agent of manifest.agents) {
    const id = randomUUID()
    const token = randomUUID()
    await insertAgent(tx, {
      id,
      workspaceId: build.workspaceId,
      buildId: build.id,
      resourceId: resource.id,
      name: agent.name,
      tokenHash: hashSecret(token),
      tokenSealed: context.sealer.seal(token, agentTokenPlace(id)),
      operatingSystem: agent.os,
      architecture: agent.arch,
      directory: agent.dir,
      environmentVariables: agent.env,
      connectionTimeoutSeconds: agent.connection_timeout,
    })
    const scripts = agent.scripts.map((script, position) => ({
      ...script,
      position,
      timeout: script.timeout || DEFAULT_SCRIPT_TIMEOUT_SECONDS,
    }))
    await insertAgentScripts(tx, { agentId: id, scripts })
  }
}

/** Live agents of a workspace with the tokens that they sign in with. */
export async function readCredentials(context: Context, db: Db, workspaceId: string): Promise<AgentCredential[]> {
  const rows = await listCredentials(db, { workspaceId })
  return rows.map(({ id, definitionId, name, tokenSealed }) => ({
    id,
    name,
    token: context.sealer.open(tokenSealed, agentTokenPlace(definitionId)),
  }))
}

/** Sealed for the row that was provisioned: a claim's successor carries the same bytes. */
const agentTokenPlace = (definitionId: string) => ({
  table: 'workspace_agents',
  column: 'token_sealed',
  row: definitionId,
})
