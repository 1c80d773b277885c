// The page of a small world: the app alone, with neither workers nor agents, so that every row is the test's own.
import type { AddressInfo } from 'node:net'
import type { ExecutionContext } from 'ava'
import type { Pool } from '../../sql/database.ts'
import { insertApiKey, insertSignInLink } from '../../sql/identity.sql.ts'
import { notifyWorkspace } from '../../sql/workspaces.sql.ts'
import { collectAnnouncements } from '../../src/api/announcements.ts'
import { createApp } from '../../src/api/app.ts'
import { openHub } from '../../src/api/hub.ts'
import { readConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { createSealer } from '../../src/seal.ts'
import { hashSecret, newApiKey, randomText } from '../../src/secrets.ts'
import { testDatabase } from '../support/database.ts'
import { aWorld, type PresetOptions, type World } from '../support/factories.ts'

export type Page = {
  url: string
  db: Pool
  world: World
  /** Signed in as the admin unless told otherwise; null: not at all. */
  get: (path: string, options?: { cookie?: string | null; headers?: Record<string, string> }) => Promise<Response>
  /** The cookie of a new session. */
  signIn: (userId: string) => Promise<string>
  /** The token of a new one-time link. */
  aLink: (userId: string) => Promise<string>
  /** Tells open pages that something changed. */
  wake: () => Promise<void>
  /** Breaks every connection to the server. */
  cut: () => void
}

export type PageOptions = { preset?: PresetOptions; env?: Record<string, string> }

export async function openPage(t: ExecutionContext, { preset = {}, env = {} }: PageOptions = {}): Promise<Page> {
  const { url: databaseUrl, db } = await testDatabase(t)
  const log = createLog('silent')
  const hub = await openHub(databaseUrl, log)
  t.teardown(async () => await hub.close())
  const base = {
    db,
    log,
    config: readConfig({ DAYBREAK_RATE_LIMITS: 'off', ...env }),
    sealer: createSealer([Buffer.alloc(32).toString('base64')]),
    drivers: new Map(),
    hostId: 'host',
    processId: crypto.randomUUID(),
  }
  const context = { ...base, hub, announcements: collectAnnouncements(base) }
  const server = createApp(context).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.teardown(() => server.close().closeAllConnections())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const cut = () => server.closeAllConnections()
  const world = await aWorld(db, preset)
  const signIn = async (userId: string): Promise<string> => {
    const { id, secret, text } = newApiKey()
    const key = {
      id,
      hashedSecret: hashSecret(secret),
      userId,
      loginType: 'link',
      tokenName: '',
      lifetimeSeconds: 3600,
    }
    await insertApiKey(db, key)
    return `coder_session_token=${text}`
  }
  const own = await signIn(world.adminId)
  return {
    url,
    db,
    world,
    signIn,
    cut,
    get: async (path, { cookie = own, headers = {} } = {}) =>
      await fetch(url + path, { redirect: 'manual', headers: { ...headers, ...(cookie === null ? {} : { cookie }) } }),
    aLink: async (userId) => {
      const token = randomText(32)
      await insertSignInLink(db, { tokenHash: hashSecret(token), userId, lifetimeSeconds: 900 })
      return token
    },
    wake: async () => void (await notifyWorkspace(db, { id: crypto.randomUUID() })),
  }
}
