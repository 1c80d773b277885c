// The client: everything but the commands that run a server. It speaks the HTTP API like any other client.
import { CommanderError } from 'commander'
import { COMMANDS, GROUPS } from './commands.ts'
import { CliFailure, EXIT, usage } from './failure.ts'
import { createOutput } from './output.ts'
import { createProgram, outputOptions, type Running, type ServerCommand } from './program.ts'

/** Run by the bin itself; named here so that help shows the whole program. */
export const SERVER_COMMANDS: readonly ServerCommand[] = [
  { name: 'up', description: 'run everything on this machine, database included' },
  { name: 'server', description: 'run the API, the workers or both against a PostgreSQL of yours' },
  { name: 'migrate', description: 'bring the database to the schema of this version' },
  { name: 'doctor', description: 'check configuration, database, clock and drivers' },
  { name: 'agent', description: 'run inside a workspace (drivers start it)' },
]

/** `argv` is without Node and the script. Answers the exit code; only Ctrl-C and a closed pipe end the process here. */
export async function runCli(argv: string[]): Promise<number> {
  const running: Running = {}
  const program = createProgram(running, SERVER_COMMANDS)
  const output = () => running.session?.output ?? createOutput(outputOptions(program))
  const interrupt = (): never => {
    const detail = running.session?.goesOn
    output().fail(new CliFailure('Interrupted.', { exitCode: EXIT.interrupted, detail }))
    process.exit(EXIT.interrupted)
  }
  process.once('SIGINT', interrupt)
  process.stdout.on('error', stopAtClosedPipe)
  try {
    await program.parseAsync(asHelpOption(argv), { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0
      // Shown instead of an error where a command was left out.
      if (error.code === 'commander.help') return EXIT.usage
    }
    const failure = await asFailure(error, { session: running.session, argv })
    output().fail(failure)
    return failure.exitCode
  } finally {
    running.session?.output.settle()
    process.off('SIGINT', interrupt)
    process.stdout.off('error', stopAtClosedPipe)
  }
}

async function asFailure(
  error: unknown,
  { session, argv }: { session: Running['session'] | undefined; argv: string[] },
): Promise<CliFailure> {
  if (error instanceof CliFailure) return error
  if (error instanceof CommanderError) {
    const [message = '', ...more] = error.message.replace(/^error: /, '').split('\n')
    return usage(message, more.join('\n') || `See \`daybreak ${[...commandIn(argv), '--help'].join(' ')}\`.`)
  }
  return (await import('./explain.ts')).explain(error, session?.server)
}

/** The words that name a command, as far as there is one. */
function commandIn(argv: string[]): string[] {
  const [first = '', second = ''] = argv.filter((word) => !word.startsWith('-'))
  const entries = GROUPS.find(({ name }) => name === first)?.entries
  if (!entries) return COMMANDS.some(({ name }) => name === first) ? [first] : []
  return entries.some(({ name }) => name === second) ? [first, second] : [first]
}

/** `daybreak help workspaces create` is `daybreak workspaces create --help`; nothing at all is a question too. */
function asHelpOption(argv: string[]): string[] {
  if (argv.length === 0) return ['--help']
  return argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv
}

/** `daybreak workspaces list | head` is no failure. */
function stopAtClosedPipe(error: Error): void {
  if ('code' in error && error.code === 'EPIPE') process.exit(0)
  throw error
}
