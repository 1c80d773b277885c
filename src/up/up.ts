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
import { actorOf, ensureAdmin, ensureCliToken, newSignInLink } from './bootstrap.ts'
import { DATABASE, dataDirOf } from './database.ts'
import { pushExample } from './example.ts'
import { startFeed } from './feed.ts'
import { recordHome } from './recordHome.ts'
import { createTerminal, type Terminal } from './terminal.ts'

type Running = { server: Server; postgres: Postgres; lock: HomeLock; homeLock: { release(): Promise<void> } }

export async function up(argv: string[]): Promise<number> {
  const command = new Command('daybreak up')
    .description('Run everything in one process on a PostgreSQL of its own; Ctrl-C stops all of it.')
    .addHelpText(
      'after',
      '\nExamples:\n  daybreak up\n  DAYBREAK_LISTEN=127.0.0.1:7090 DAYBREAK_HOME=/srv/daybreak daybreak up',
    )
  if (!parseServerArguments(command, argv)) return 0
  const config = readConfig()
  const terminal = createTerminal(process.stdout)
  const signal = untilSignal()
  const failed = Promise.withResolvers<unknown>()
  const home = resolveHome(config)
  const startedMs = performance.now()
  terminal.say(`Daybreak ${VERSION}, data in ${home}`)
  const running = await start({ config, home, terminal, onFatal: failed.resolve })
  try {
    const ended = Promise.race([signal, failed.promise])
    const why = await serve(running.server, { home, terminal, startedMs, ended })
    const isAsked = typeof why === 'string'
    const reason = isAsked ? ': workspaces, workers, API, PostgreSQL …' : ` because of an error: ${String(why)}`
    terminal.say(`\nStopping${reason}`)
    return isAsked ? 0 : 1
  } finally {
    await stop(running)
    terminal.say('Stopped. `npm start` goes on with the same data.')
  }
}

type Serve = { home: string; terminal: Terminal; startedMs: number; ended: Promise<unknown> }

/** Until it is asked to stop, or cannot go on. Returns why. */
async function serve(server: Server, { home, terminal, startedMs, ended }: Serve): Promise<unknown> {
  const { db, config } = server.context
  const admin = await ensureAdmin(db)
  const url = config.accessUrl
  const token = await ensureCliToken(db, { admin, url, home })
  greet(terminal, { url, link: await newSignInLink(db, { admin, url }), startedMs })
  const feed = await startFeed({ db, hub: server.hub, actor: await actorOf(db, token), print: terminal.step })
  try {
    const pushed = pushExample({ url, token }).then((isFirst) => {
      if (isFirst) terminal.say('Pushed the example template us-nix; its pool fills now.')
    })
    // Whoever stops it now need not wait for the import.
    return await Promise.race([ended, pushed.then(async () => await ended)])
  } finally {
    await feed.close()
  }
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
    postgres = await startPostgres({ dataDir: dataDirOf(home), binariesDir: path.join(home, 'bin') })
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
    // One that ran before goes on: it may be somebody's, and agents that outlived a kill need it again soon.
    if (postgres && !postgres.adopted) await postgres.stop()
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

type Greeting = { url: string; link: string | null; startedMs: number }

function greet(terminal: Terminal, { url, link, startedMs }: Greeting): void {
  terminal.say(`Ready in ${((performance.now() - startedMs) / 1000).toFixed(1)} s at ${url}`)
  terminal.say('')
  if (link) terminal.say(`  Page:         ${link}  (works once, for 15 minutes)`)
  else terminal.say(`  Page:         ${url}/`)
  terminal.say('  Command line: npx daybreak prebuilds list')
  terminal.say('                npx daybreak workspaces create mine --preset always-warm')
  terminal.say('  Ctrl-C stops everything, workspaces included.')
  terminal.say('')
}
