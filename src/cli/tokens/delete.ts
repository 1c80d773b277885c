import { type APIKey, deleteKey, listTokens } from '../../contract/keys.ts'
import type { Define } from '../commands.ts'
import { CliFailure } from '../failure.ts'
import { withExamples } from '../program.ts'

export const deleteTokensCommand: Define = (command, { output, connect }) => {
  command
    .argument('<token...>', 'names or ids')
    .option('--user <user>', 'whose they are', 'me')
    .action(async (names: string[], { user }: { user: string }) => {
      const { client } = connect()
      const tokens = await client(listTokens, { params: { user }, query: { include_expired: 'true' } })
      // All are found before one is ended: a mistyped name ends none.
      const found = [...new Set(names.map((name) => findToken(tokens, name)))]
      for (const { id: key } of found) await client(deleteKey, { params: { user, key } })
      const list = found.map((token) => token.token_name || token.id).join(', ')
      output.answer(found, () => `Ended ${list}.`)
    })
  withExamples(command, ['daybreak tokens delete ci', 'daybreak tokens delete ci --user ana'])
}

function findToken(tokens: readonly APIKey[], name: string): APIKey {
  const found = tokens.find((token) => token.id === name || token.token_name.toLowerCase() === name.toLowerCase())
  if (found) return found
  throw new CliFailure(`There is no token "${name}".`, { detail: 'See them with: daybreak tokens list --expired' })
}
