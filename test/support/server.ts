// A whole Daybreak in the test's own process: API, workers and the process driver on a database and a home of its own.
import { randomBytes, randomInt } from 'node:crypto'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import type { ExecutionContext } from 'ava'
import type { Logger } from 'pino'
import { pack as tarPack } from 'tar-stream'
import { buffer } from 'node:stream/consumers'
import type { Pool } from '../../sql/database.ts'
import { readConfig } from '../../src/config.ts'
import type { Context } from '../../src/context.ts'
import { type Client, createClient } from '../../src/contract/client.ts'
import {
  createTemplate,
  createTemplateVersion,
  getTemplateVersion,
  listTemplateVersionPresets,
  type Preset,
  type Template,
  type TemplateVersion,
  uploadFile,
} from '../../src/contract/templates.ts'
import { Refusal } from '../../src/domain/errors.ts'
import { createLog } from '../../src/log.ts'
import { type Role, type Server, startServer as start } from '../../src/server.ts'
import { ensureAdmin, ensureCliToken } from '../../src/up/bootstrap.ts'
import { testDatabase } from './database.ts'
import { until } from './until.ts'

/** Each test home has user ids of its own: the driver ends all processes of a workspace's id. */
const UID_RANGE = 10_000
const FIRST_UID = 1_000_000
const PORT_ATTEMPTS = 5

export type TestServer = {
  url: string
  home: string
  db: Pool
  context: Context
  server: Server
  /** Signed in as the first admin. */
  client: Client
  token: string
  admin: { id: string }
  /** What a second server needs to work beside this one: `startServer(t, { place })`. */
  place: Place
  stop(how?: { workspaces: 'leave' | 'stop' }): Promise<void>
  /** Another process' worth of server on the same database and home, after `stop`. */
  restart(): Promise<TestServer>
}

export type TestServerOptions = {
  role?: Role
  env?: Record<string, string>
  place?: Place
  /** Instead of silence. */
  log?: Logger
}
export type Place = { databaseUrl: string; home: string; port: number; key: string; uidBase: number }

export async function startServer(t: ExecutionContext, options: TestServerOptions = {}): Promise<TestServer> {
  if (options.place) return await startOnFreePort(t, options.place, options)
  const { url: databaseUrl } = await testDatabase(t)
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'daybreak-home-'))
  fs.chmodSync(home, 0o755)
  t.teardown(() => fs.rmSync(home, { recursive: true, force: true }))
  const uidBase = FIRST_UID + randomInt(50_000) * UID_RANGE
  const place = { databaseUrl, home, port: 0, key: randomBytes(32).toString('base64'), uidBase }
  return await startOnFreePort(t, place, options)
}

/** Agents need the port before anything listens on it; another test may be faster. */
async function startOnFreePort(t: ExecutionContext, place: Place, options: TestServerOptions): Promise<TestServer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startAt(t, { ...place, port: await freePort() }, options)
    } catch (error) {
      const taken = error instanceof Refusal && error.message.includes('another program listens there')
      if (!taken || attempt === PORT_ATTEMPTS) throw error
    }
  }
}

async function startAt(
  t: ExecutionContext,
  place: Place,
  { role = 'all', env = {}, log = createLog(process.env.DAYBREAK_TEST_LOG ?? 'silent') }: TestServerOptions,
): Promise<TestServer> {
  const config = readConfig({
    DAYBREAK_LISTEN: `127.0.0.1:${place.port}`,
    DAYBREAK_UID_BASE: String(place.uidBase),
    DAYBREAK_RATE_LIMITS: 'off',
    ...env,
  })
  const fatal: unknown[] = []
  const server = await start({
    config,
    role,
    databaseUrl: place.databaseUrl,
    directUrl: place.databaseUrl,
    home: place.home,
    secretKeys: [place.key],
    log,
    onFatal: (error) => fatal.push(error),
  })
  let stopped = false
  const stop: TestServer['stop'] = async (how = { workspaces: 'stop' }) => {
    if (stopped) return
    stopped = true
    await server.stop(how)
  }
  t.teardown(async () => {
    await stop()
    if (fatal.length > 0) throw fatal[0]
  })
  const { db } = server.context
  const admin = await ensureAdmin(db)
  const token = await ensureCliToken(db, { admin, url: config.accessUrl, home: place.home })
  const restart = async (): Promise<TestServer> => await startAt(t, place, { role, env })
  const client = createClient(config.accessUrl, token)
  return {
    url: config.accessUrl,
    home: place.home,
    db,
    context: server.context,
    server,
    client,
    token,
    admin,
    place,
    stop,
    restart,
  }
}

/** Two prebuilds around the clock, with scripts that end at once. */
export const TEMPLATE = `
presets:
  - name: warm
    default: true
    prebuilds: { instances: 2 }
agents:
  - name: main
    scripts:
      - display_name: greet
        run_on_start: true
        script: echo "$DAYBREAK_OWNER $DAYBREAK_STAGE" >> owners.txt
`

export type Pushed = { template: Template; version: TemplateVersion; presets: Preset[] }

export async function pushVersion(
  client: Client,
  yaml: string,
  template?: Template,
): Promise<{ version: TemplateVersion; presets: Preset[] }> {
  const tar = tarPack()
  tar.entry({ name: 'daybreak.yaml' }, yaml)
  tar.finalize()
  const { hash } = await client.upload(uploadFile, { bytes: await buffer(tar), type: 'application/x-tar' })
  const body = { file_id: hash, ...(template ? { template_id: template.id } : {}) }
  const { id } = await client(createTemplateVersion, { params: { organization: 'default' }, body })
  const params = { templateversion: id }
  const version = await until(
    () => client(getTemplateVersion, { params }),
    ({ job }) => job.completed_at,
  )
  const presets = version.job.status === 'succeeded' ? await client(listTemplateVersionPresets, { params }) : []
  return { version, presets }
}

export async function pushTemplate(client: Client, yaml = TEMPLATE, name = 'example'): Promise<Pushed> {
  const { version, presets } = await pushVersion(client, yaml)
  if (version.job.status !== 'succeeded') throw new Error(`the import failed: ${version.job.error}`)
  const params = { organization: 'default' }
  const template = await client(createTemplate, { params, body: { name, template_version_id: version.id } })
  return { template, version, presets }
}

async function freePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const probe = net.createServer().once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as net.AddressInfo
      probe.close(() => resolve(port))
    })
  })
}
