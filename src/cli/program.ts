import { Command } from 'commander'
import { VERSION } from '../version.ts'
import { COMMANDS, type Entry, GROUPS, type Section, SECTIONS } from './commands.ts'
import { readEnvironment } from './config.ts'
import { createOutput, type OutputOptions } from './output.ts'
import type { Session } from './session.ts'

export type ServerCommand = { name: string; description: string }
/** Filled as soon as a command is named; errors before that have no server. */
export type Running = { session?: Session }

export function createProgram(running: Running, serverCommands: readonly ServerCommand[]): Command {
  const program = new Command('daybreak')
    .description('Workspaces that are ready before you ask.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .option('--url <url>', 'the server (default: DAYBREAK_URL, or where you are signed in)')
    .option('--token <token>', 'a session token (default: DAYBREAK_TOKEN, or the stored one)')
    .option('--json', 'write one JSON value to stdout, and nothing else')
    .option('-q, --quiet', 'no remarks and no progress')
    .option('--no-color', 'no colours (also NO_COLOR)')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: () => {} }) // the caller reports it, as JSON where asked for
    .exitOverride()
    .helpCommand(false)
  withExamples(program, ['daybreak up', ...inSection(GROUPS, 'Workspaces').map(({ example }) => example)])

  for (const section of SECTIONS) {
    program.commandsGroup(`${section}:`)
    for (const { name, summary, entries, example } of inSection(GROUPS, section)) {
      const group = program.command(name).description(summary).helpCommand(false).usage('<command>')
      withExamples(group, [example])
      for (const entry of entries) group.command(entry.name).description(entry.summary)
      group.hook('preSubcommand', (_, command) => load(entries, { command, running, program }))
    }
    for (const { name, summary } of inSection(COMMANDS, section)) program.command(name).description(summary)
  }
  program.hook('preSubcommand', (_, command) => load(COMMANDS, { command, running, program }))

  program.commandsGroup('Server:')
  for (const { name, description } of serverCommands) program.command(name).description(description)
  return program
}

function inSection<T extends { section: Section }>(all: readonly T[], section: Section): T[] {
  return all.filter((one) => one.section === section)
}

export function outputOptions(program: Command): OutputOptions {
  const { json, quiet, color } = program.opts<{ json?: true; quiet?: true; color: boolean }>()
  return { json: json === true, quiet: quiet === true, color: color && !readEnvironment().noColor }
}

export function withExamples(command: Command, examples: readonly string[]): void {
  command.addHelpText('after', `\nExamples:\n${examples.map((example) => `  ${example}`).join('\n')}`)
}

async function load(
  entries: readonly Entry[],
  { command, running, program }: { command: Command; running: Running; program: Command },
): Promise<void> {
  const entry = entries.find(({ name }) => name === command.name())
  if (!entry) return
  const [define, { createSession }] = await Promise.all([entry.load(), import('./session.ts')])
  const { url, token } = program.opts<{ url?: string; token?: string }>()
  running.session = createSession({
    output: createOutput(outputOptions(program)),
    environment: readEnvironment(),
    flags: { url, token },
  })
  define(command, running.session)
  setNegatedDefaults(command)
}

/** `--no-x` alone means that x is true without it; Commander sees to that before the hook that adds these options. */
function setNegatedDefaults(command: Command): void {
  for (const { negate, long } of command.options) {
    const name = long?.replace(/^--no-/, '')
    if (!negate || name === undefined || command.options.some((option) => option.long === `--${name}`)) continue
    command.setOptionValueWithSource(name, true, 'default')
  }
}
