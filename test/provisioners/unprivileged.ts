// Run as a user who is not root: takes one workspace through its life and prints what it saw.
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import type { ProvisionRequest } from '../../src/provisioners/driver.ts'
import { createProcessDriver } from '../../src/provisioners/process/processDriver.ts'
import { membersOf } from '../../src/provisioners/process/tree.ts'
import { until } from '../support/until.ts'

type Options = { home: string; url: string; request: ProvisionRequest }

const { home, url, request }: Options = JSON.parse(process.argv[2] ?? '')
const { workspaceId } = request
const io = { log: () => {}, signal: new AbortController().signal }

async function notAsked(): Promise<never> {
  throw new Error('not asked for here')
}

function createDriver() {
  return createProcessDriver({ home, url, inspect: notAsked, events: { agentExited: async () => {} }, log: () => {} })
}

function running(): number {
  return membersOf({ workspaceId, uid: null, groups: [] }).length
}

const driver = createDriver()
const seen: Record<string, unknown> = { start: await driver.provision(request, io) }
const up = join(home, 'workspaces', workspaceId, 'up')
await until(() =>
  access(up).then(
    () => true,
    () => false,
  ),
)
seen.running = await until(running, (count) => count === 2)
seen.stop = await driver.provision({ ...request, transition: 'stop' }, io)
seen.afterStop = running()
await driver.close()
const later = createDriver()
seen.resume = await later.resume([request])
seen.delete = await later.provision({ ...request, transition: 'delete' }, io)
seen.afterDelete = running()
await later.close()
process.stdout.write(JSON.stringify(seen))
