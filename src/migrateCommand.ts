import { Command } from 'commander'
import { migrate } from '../sql/migrate.ts'
import { readConfig } from './config.ts'
import { parseServerArguments } from './serverArguments.ts'
import { Refusal } from './domain/errors.ts'

/** Brings the schema of `DAYBREAK_DATABASE_URL` to this build's; safe to run from many places at once. */
export async function migrateCommand(argv: string[]): Promise<number> {
  const command = new Command('daybreak migrate')
    .description('Bring the database named by DAYBREAK_DATABASE_URL to the schema of this build.')
    .addHelpText(
      'after',
      '\nExample:\n  DAYBREAK_DATABASE_URL=postgres://daybreak:secret@db:5432/daybreak daybreak migrate',
    )
  if (!parseServerArguments(command, argv)) return 0
  const applied = await migrate(requireDatabase(readConfig().databaseDirectUrl))
  process.stdout.write(applied.length === 0 ? 'The schema is up to date.\n' : `Applied ${applied.join(', ')}.\n`)
  return 0
}

export function requireDatabase(url: string | undefined): string {
  if (url !== undefined) return url
  throw new Refusal('invalid', 'DAYBREAK_DATABASE_URL is not set.', {
    detail: 'Set it to postgres://user:password@host:port/database, or run `daybreak up` for a database of its own.',
  })
}
