// `daybreak up`: everything in one process on a PostgreSQL of its own, for a bare machine.
import path from 'node:path'
import { Command } from 'commander'
import pino from 'pino'
import { ensureDatabase, holdHomeLock } from '../../sql/homeLock.ts'
import { migrate } from '../../sql/migrate.ts'
import { type Config, readConfig } from '../config.ts'
import { alreadyRunning, type HomeLock, lockHome, readSecretKey, resolveHome } from '../home.ts'
import { installRejectionHandler } from '../jobs/rejections.ts'
import { createLog } from '../log.ts'
import { type Postgres, startPostgres } from '../postgres/start.ts'
import { type Server, startServer } from '../server.ts'
import { parseServerArguments } from '../serverArguments.ts'
import { untilSignal } from '../signals.ts'
import { VERSION } from '../version.ts'
import { ensureAdmin, ensureCliToken, newSignInLink } from './bootstrap.ts'
import { pushExample } from './example.ts'
import { startFeed } from './feed.ts'
import { recordHome } from './recordHome.ts'
import { createTerminal, type Terminal } from './terminal.ts'

const DATABASE = 'daybreak'

type Running = { server: Server; postgres: Postgres; lock: HomeLock; homeLock: { release(): Promise<void> } }

export async function up(argv: string[]): Promise<number> {
  const command = new Command('daybreak up')
    .description('Run everything in one process on a PostgreSQL of its own; Ctrl-C stops all of it.')
    .addHelpText('after', '\nExamples:\n  daybreak up\n  DAYBREAK_LISTEN=127.0.0.1:7090 DAYBREAK_HOME=/srv/daybreak daybreak up')
  if (!parseServerArguments(command, argv)) return 0
  const config = readConfig()
  const terminal = createTerminal(process.stdout)
  const signal = untilSignal()
  const failed = Promise.withResolvers<unknown>()
  const home = resolveHome(config)
  const startedMs = performance.now()
  terminal.say(`Daybreak ${VERSION}, data in ${home}`)
  const running = await start({ config, home, terminal, onFatal: failed.resolve })
  const { server } = running
  await greet({ server, home, terminal, startedMs })
  const feed = await startFeed({ db: server.context.db, hub: server.hub, print: terminal.step })
  const admin = await ensureAdmin(server.context.db)
  const token = await ensureCliToken(server.context.db, { admin, url: config.accessUrl, home })
  const first = await pushExample({ url: config.accessUrl, token })
  if (first) terminal.say('Pushed the example template us-nix; its pool fills now.')
  const why = await Promise.race([signal, failed.promise])
  terminal.say(typeof why === 'string' ? '\nStopping: workspaces, workers, API, PostgreSQL …' : `\nStopping because of an error: ${String(why)}`)
  await feed.close()
  await stop(running)
  terminal.say('Stopped. `npm start` goes on with the same data.')
  return typeof why === 'string' ? 0 : 1
}

type Start = { config: Config; home: string; terminal: Terminal; onFatal(error: unknown): void }

async function start({ config, home, terminal, onFatal }: Start): Promise<Running> {
  const lock = lockHome(home)
  let postgres: Postgres | undefined
  let homeLock: { release(): Promise<void> } | null = null
  try {
    const logFile = path.join(home, 'daybreak.log')
    const log = createLog(config.logLevel, pino.destination({ dest: logFile, mkdir: true, mode: 0o600 }))
    installRejectionHandler(log, onFatal)
    const databaseMs = performance.now()
    postgres = await startPostgres({ dataDir: path.join(home, 'postgres'), binariesDir: path.join(home, 'bin') })
    await ensureDatabase(postgres.url(), DATABASE)
    const url = postgres.url(DATABASE)
    homeLock = await holdHomeLock(url)
    if (!homeLock) throw alreadyRunning(home)
    const applied = await migrate(url)
    const how = postgres.adopted ? 'was running' : `ready in ${Math.round(performance.now() - databaseMs)} ms`
    const schema = applied.length === 0 ? '' : `, ${applied.length} migrations applied`
    terminal.say(`PostgreSQL 18 ${how} on 127.0.0.1:${postgres.port}${schema}`)
    const secretKeys = config.secretKeys.length > 0 ? config.secretKeys : [readSecretKey(home)]
    const urls = { databaseUrl: url, directUrl: url }
    const server = await startServer({ config, role: 'all', ...urls, home, secretKeys, log, onFatal })
    lock.describe(config.accessUrl)
    recordHome(home)
    terminal.say(`Log in ${logFile}`)
    return { server, postgres, lock, homeLock }
  } catch (error) {
    await homeLock?.release()
    // A database that was there already belongs to whoever runs it.
    if (postgres && !(postgres.adopted && !homeLock)) await postgres.stop()
    if (!postgres?.adopted || homeLock) lock.release()
    throw error
  }
}

async function stop({ server, postgres, lock, homeLock }: Running): Promise<void> {
  await server.stop({ workspaces: 'stop' })
  await homeLock.release()
  await postgres.stop()
  lock.release()
}

type Greet = { server: Server; home: string; terminal: Terminal; startedMs: number }

async function greet({ server, home, terminal, startedMs }: Greet): Promise<void> {
  const { db, config } = server.context
  const admin = await ensureAdmin(db)
  await ensureCliToken(db, { admin, url: config.accessUrl, home })
  const link = await newSignInLink(db, { admin, url: config.accessUrl })
  terminal.say(`Ready in ${((performance.now() - startedMs) / 1000).toFixed(1)} s at ${config.accessUrl}`)
  terminal.say('')
  if (link) terminal.say(`  Page:         ${link}  (works once, for 15 minutes)`)
  else terminal.say(`  Page:         ${config.accessUrl}/`)
  terminal.say('  Command line: npx daybreak prebuilds list')
  terminal.say('                npx daybreak workspaces create mine --preset always-warm')
  terminal.say('  Ctrl-C stops everything, workspaces included.')
  terminal.say('')
}
