// node bench/handover.ts [--claims 200]
// From the request of a claim to the agent's acknowledgement of its new owner, with the process driver and real agents
// whose scripts do nothing. Says where the time goes.
import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { pack } from 'tar-stream'
import { readConfig } from '../src/config.ts'
import { type Client, createClient } from '../src/contract/client.ts'
import { listPrebuildPools } from '../src/contract/prebuilds.ts'
import {
  createTemplate,
  createTemplateVersion,
  getTemplateVersion,
  listTemplateVersionPresets,
  uploadFile,
} from '../src/contract/templates.ts'
import { createWorkspace, createWorkspaceBuild, Workspace } from '../src/contract/workspaces.ts'
import { createLog } from '../src/log.ts'
import { startServer } from '../src/server.ts'
import { ensureAdmin, ensureCliToken } from '../src/up/bootstrap.ts'
import { startBenchCluster } from './support/cluster.ts'
import { ms, printTable, summarise } from './support/measure.ts'

const PORT = 17_081
const POOL = 4
const POLL_MS = 25
const TEMPLATE = `
presets: [{ name: warm, prebuilds: { instances: ${POOL} } }]
agents:
  - name: main
    scripts: [{ display_name: nothing, run_on_start: true, script: "true" }]
`

const { values } = parseArgs({ options: { claims: { type: 'string', default: '200' } } })
const CLAIMS = Number(values.claims)

type Handover = { answered: number; acknowledged: number; seen: number; ready: number }

const cluster = await startBenchCluster()
try {
  await run()
} finally {
  await cluster.stop()
}

async function run(): Promise<void> {
  const home = path.join(cluster.home, 'home')
  const config = readConfig({
    DAYBREAK_LISTEN: `127.0.0.1:${PORT}`,
    DAYBREAK_UID_BASE: '4000000',
    DAYBREAK_RATE_LIMITS: 'off',
  })
  const server = await startServer({
    config,
    role: 'all',
    databaseUrl: cluster.url,
    directUrl: cluster.url,
    home,
    secretKeys: [randomBytes(32).toString('base64')],
    log: createLog('error'),
    onFatal(error) {
      throw error
    },
  })
  const { db } = server.context
  const token = await ensureCliToken(db, { admin: await ensureAdmin(db), url: config.accessUrl, home })
  const client = createClient(config.accessUrl, token)
  const target = await pushTemplate(client)
  const handovers: Handover[] = []
  for (let i = 0; i < CLAIMS; i++) {
    await untilFull(client)
    handovers.push(await handOver(client, { name: `h-${i}`, ...target }))
  }
  await server.stop({ workspaces: 'stop' })
  report(handovers)
}

async function handOver(
  client: Client,
  target: { name: string; template_id: string; template_version_preset_id: string },
): Promise<Handover> {
  const startedMs = performance.now()
  const startedAt = Date.now()
  const passed = (): number => performance.now() - startedMs
  const claimed = await client(createWorkspace, { params: { user: 'me' }, body: { ...target, prebuild: 'require' } })
  const answered = passed()
  const times = { acknowledged: 0, seen: 0, ready: 0 }
  for await (const { event, data } of client.events(`/workspaces/${claimed.id}/watch`)) {
    if (event === 'ping') continue
    const agent = Workspace.parse(JSON.parse(data)).latest_build.resources[0]?.agents?.[0]
    if (!agent || agent.reinit.acknowledged_generation === 0) continue
    times.seen ||= passed()
    times.acknowledged ||= Date.parse(agent.reinit.acknowledged_at ?? '') - startedAt
    if (agent.lifecycle_state !== 'ready') continue
    times.ready = passed()
    break
  }
  await client(createWorkspaceBuild, { params: { workspace: claimed.id }, body: { transition: 'delete' } })
  return { answered, ...times }
}

function report(handovers: readonly Handover[]): void {
  const row = (name: string, of: (handover: Handover) => number): string[] => {
    const { medianMs, p99Ms, meanMs } = summarise(handovers.map(of))
    return [name, ms(medianMs), ms(meanMs), ms(p99Ms)]
  }
  console.log(
    `${handovers.length} claims, one after the other, pool of ${POOL}; times since the client sent its request`,
  )
  printTable([
    ['', 'median', 'mean', 'p99'],
    row('answer to the client', ({ answered }) => answered),
    row('agent has the new manifest and acknowledged (database)', ({ acknowledged }) => acknowledged),
    row('client sees the acknowledgement', ({ seen }) => seen),
    row('start scripts have run, ready', ({ ready }) => ready),
  ])
}

async function untilFull(client: Client): Promise<void> {
  for (;;) {
    const [pool] = await client(listPrebuildPools, {})
    if (pool?.ready === POOL && pool.starting === 0) return
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

async function pushTemplate(client: Client): Promise<{ template_id: string; template_version_preset_id: string }> {
  const tar = pack()
  tar.entry({ name: 'daybreak.yaml' }, TEMPLATE)
  tar.finalize()
  const { hash } = await client.upload(uploadFile, { bytes: await buffer(tar), type: 'application/x-tar' })
  const params = { organization: 'default' }
  const { id } = await client(createTemplateVersion, { params, body: { file_id: hash } })
  const ofVersion = { templateversion: id }
  for (;;) {
    const { job } = await client(getTemplateVersion, { params: ofVersion })
    if (job.status === 'succeeded') break
    if (job.completed_at !== undefined) throw new Error(job.error)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  const template = await client(createTemplate, { params, body: { name: 'bench', template_version_id: id } })
  const [preset] = await client(listTemplateVersionPresets, { params: ofVersion })
  return { template_id: template.id, template_version_preset_id: preset?.ID ?? '' }
}
