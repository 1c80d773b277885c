import { type Command, CommanderError } from 'commander'
import { Refusal } from './domain/errors.ts'

/** False when `--help` was asked for and printed. Throws a `Refusal` for words that the command does not know. */
export function parseServerArguments(command: Command, argv: readonly string[]): boolean {
  command.exitOverride().configureOutput({ outputError: () => {} })
  try {
    command.parse([...argv], { from: 'user' })
    return true
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.code === 'commander.helpDisplayed') return false
    throw new Refusal('invalid', error.message.replace(/^error: /, ''), { detail: `See ${command.name()} --help.` })
  }
}
