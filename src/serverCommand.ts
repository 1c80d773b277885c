import { Command, Option } from 'commander'
import { migrate } from '../sql/migrate.ts'
import { readConfig } from './config.ts'
import { lockHome, resolveHome } from './home.ts'
import { installRejectionHandler } from './jobs/rejections.ts'
import { ensureAdmin, newSignInLink } from './up/bootstrap.ts'
import { createLog } from './log.ts'
import { requireDatabase } from './migrateCommand.ts'
import { type Role, type Server, startServer } from './server.ts'
import { parseServerArguments } from './serverArguments.ts'
import { untilSignal } from './signals.ts'

/** For production: against a database of yours; drains at SIGTERM and leaves workspaces running. */
export async function serverCommand(argv: string[]): Promise<number> {
  const command = new Command('daybreak server')
    .description('Run the API, the workers, or both against DAYBREAK_DATABASE_URL.')
    .addOption(new Option('--role <role>', 'what this process does').choices(['all', 'api', 'worker']).default('all'))
    .option('--no-migrate', 'expect the schema to be there: `daybreak migrate` brings it')
    .addHelpText(
      'after',
      '\nExample:\n  DAYBREAK_DATABASE_URL=postgres://… DAYBREAK_SECRET_KEY=… daybreak server --role api',
    )
  if (!parseServerArguments(command, argv)) return 0
  const { role, migrate: migrates } = command.opts<{ role: Role; migrate: boolean }>()
  const config = readConfig()
  const databaseUrl = requireDatabase(config.databaseUrl)
  const directUrl = requireDatabase(config.databaseDirectUrl)
  const log = createLog(config.logLevel)
  // From here on: one that comes while it starts is heard as soon as there is something to stop.
  const signal = untilSignal()
  const failed = Promise.withResolvers<void>()
  const onFatal = (): void => failed.resolve()
  const forget = installRejectionHandler(log, onFatal)
  if (migrates) await migrate(directUrl)
  const home = resolveHome(config)
  const lock = role === 'api' ? undefined : lockHome(home)
  const server = await startServer({
    config,
    role,
    databaseUrl,
    directUrl,
    home,
    secretKeys: config.secretKeys,
    log,
    onFatal,
  })
  log.info({ role, url: server.url }, server.url === null ? 'the worker is ready' : `ready at ${server.url}`)
  if (role !== 'worker') await offerFirstSignIn(server)
  const ended = await Promise.race([signal, failed.promise])
  log.info({ signal: ended }, 'stopping')
  await server.stop({ workspaces: 'leave' })
  lock?.release()
  forget()
  return ended === undefined ? 1 : 0
}

/** A new database has nobody who could sign in. Not through the log: what is there is kept and read by others. */
async function offerFirstSignIn({ context }: Server): Promise<void> {
  const admin = await ensureAdmin(context.db)
  const link = await newSignInLink(context.db, { admin, url: context.config.accessUrl })
  if (link) process.stderr.write(`Sign in as ${admin.username} (once, within 15 minutes): ${link}\n`)
}
