// The bin: the server's own commands are loaded here, anything else is the command line client.
import { Refusal } from './domain/errors.ts'

type Command = (argv: string[]) => Promise<number>

const COMMANDS: Record<string, () => Promise<Command>> = {
  up: async () => (await import('./up/up.ts')).up,
  server: async () => (await import('./serverCommand.ts')).serverCommand,
  migrate: async () => (await import('./migrateCommand.ts')).migrateCommand,
  doctor: async () => (await import('./doctor.ts')).doctor,
  agent: async () => (await import('./agentCommand.ts')).agentCommand,
}

async function main(argv: string[]): Promise<number> {
  const load = COMMANDS[argv[0] ?? '']
  if (!load) return await (await import('./cli/main.ts')).runCli(argv)
  try {
    const command = await load()
    return await command(argv.slice(1))
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    process.stderr.write(`daybreak: ${error.message}\n${error.detail === undefined ? '' : `${error.detail}\n`}`)
    return 1
  }
}

process.exitCode = await main(process.argv.slice(2))
