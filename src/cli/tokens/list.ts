import { type APIKey, listTokens } from '../../contract/keys.ts'
import type { Define } from '../commands.ts'
import { withExamples } from '../program.ts'
import { renderTable } from '../table.ts'
import { ago } from '../words.ts'

export const listTokensCommand: Define = (command, { output, connect }) => {
  command
    .option('--user <user>', 'whose', 'me')
    .option('--expired', 'with those that have ended')
    .action(async ({ user, expired }: { user: string; expired?: true }) => {
      const query = expired ? { include_expired: 'true' } : {}
      const tokens = await connect().client(listTokens, { params: { user }, query })
      output.answer(tokens, () => {
        if (tokens.length === 0) return 'No tokens yet. Make one: daybreak tokens create ci'
        return renderTable(tokens, {
          paint: output.paint,
          columns: [
            { title: 'TOKEN', cell: (token) => token.token_name || '-' },
            { title: 'ID', cell: ({ id }) => id },
            { title: 'MAY', cell: ({ scopes }) => scopes.join(', ') },
            { title: 'ON', cell: (token) => token.allow_list.join(', ') },
            { title: 'USED', cell: usedWords },
            { title: 'ENDS', cell: (token) => token.expires_at.slice(0, 10), style: endStyle },
          ],
        })
      })
    })
  withExamples(command, ['daybreak tokens list', 'daybreak tokens list --user ci --expired'])
}

/** The year 1 is how the wire format says never. */
function usedWords(token: APIKey): string {
  return token.last_used.startsWith('0001-') ? 'never' : ago(token.last_used, new Date())
}

function endStyle(token: APIKey): 'red' | undefined {
  return Date.parse(token.expires_at) < Date.now() ? 'red' : undefined
}
