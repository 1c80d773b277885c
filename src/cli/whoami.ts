import { getUser } from '../contract/users.ts'
import type { Define } from './commands.ts'
import { withExamples } from './program.ts'
import { renderFacts } from './table.ts'

export const whoami: Define = (command, { output, connect }) => {
  command.action(async () => {
    const { client, connection } = connect()
    const user = await client(getUser, { params: { user: 'me' } })
    output.answer({ url: connection.url, from: connection.from, user }, () =>
      renderFacts(
        [
          ['User', user.username],
          ['Name', user.name],
          ['Email', user.email],
          ['Roles', user.roles.map(({ name }) => name).join(', ')],
          ['Server', connection.url],
          ['Known from', connection.from],
        ],
        output.paint,
      ),
    )
  })
  withExamples(command, ['daybreak whoami', 'daybreak whoami --json'])
}
