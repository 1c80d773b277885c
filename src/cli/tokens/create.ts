import { createToken } from '../../contract/keys.ts'
import type { Define } from '../commands.ts'
import { withExamples } from '../program.ts'
import { parseDuration } from '../words.ts'

type Options = { lifetime?: string; scope?: string[]; allow?: string[]; user: string }

const DAY_SECONDS = 24 * 60 * 60

export const createTokenCommand: Define = (command, { output, connect }) => {
  command
    .argument('[name]', 'by which it is known in the list (default: a random one)')
    .option('--lifetime <duration>', 'like 90d or 12h (default: 30d)')
    .option('--scope <scope...>', 'what it may do, like workspace:read (default: all that you may)')
    .option('--allow <object...>', 'on what, like template:<id> (default: on everything)')
    .option('--user <user>', 'whose it is', 'me')
    .action(async (name: string | undefined, { lifetime, scope, allow, user }: Options) => {
      const body = {
        ...(name === undefined ? {} : { token_name: name }),
        ...(lifetime === undefined ? {} : { lifetime_seconds: parseLifetime(lifetime) }),
        ...(scope === undefined ? {} : { scopes: scope }),
        ...(allow === undefined ? {} : { allow_list: allow }),
      }
      const { key } = await connect().client(createToken, { params: { user }, body })
      output.answer({ key }, () => key)
      output.note('Keep it now: it is not shown again. Use it as DAYBREAK_TOKEN.')
    })
  withExamples(command, [
    'daybreak tokens create ci --lifetime 90d',
    'daybreak tokens create starter --scope workspace:read workspace:start',
    'export DAYBREAK_TOKEN=$(daybreak tokens create ci --quiet)',
  ])
}

/** Whole days besides what other commands take: tokens live longer than waits. */
export function parseLifetime(text: string): number {
  const days = /^(\d{1,5})d$/.exec(text)?.[1]
  return days === undefined ? Math.round(parseDuration(text) / 1000) : Number(days) * DAY_SECONDS
}
