// The drivers that this process runs, and what the database is told when one of their agents ends.
import path from 'node:path'
import { lockPoolRow } from '../sql/prebuild_pool.sql.ts'
import { loseAgents } from '../sql/workspace_agents.sql.ts'
import type { Context } from './context.ts'
import { withWakes } from './jobs/wakes.ts'
import { settlePool } from './pool.ts'
import { inspectDaybreakYaml } from './provisioners/daybreakYaml.ts'
import type { Driver } from './provisioners/driver.ts'
import { createProcessDriver } from './provisioners/process/processDriver.ts'

/** `context` is given as a function because the drivers are part of it. */
export function createDrivers(home: string, context: () => Context): Map<Driver['name'], Driver> {
  const { config } = context()
  const driver = createProcessDriver({
    home: path.resolve(home),
    url: config.accessUrl,
    uidBase: config.uidBase,
    inspect: inspectDaybreakYaml,
    log: (message) => context().log.info(message),
    events: { agentExited: async ({ workspaceId, reason }) => await loseWorkspace(context(), { workspaceId, reason }) },
  })
  return new Map([[driver.name, driver]])
}

/** Its prebuild cannot be claimed from this transaction on; the agent's next process says for itself how it is. */
export async function loseWorkspace(
  context: Pick<Context, 'db' | 'log'>,
  { workspaceId, reason }: { workspaceId: string; reason: string },
): Promise<void> {
  context.log.warn({ workspaceId, reason }, `an agent of workspace ${workspaceId} ended: ${reason}`)
  await withWakes(context.db, async (tx, causes) => {
    await lockPoolRow(tx, { workspaceId })
    await loseAgents(tx, { workspaceId })
    causes.workspace(workspaceId)
    await settlePool(tx, causes, { workspaceId, cause: reason })
  })
}
