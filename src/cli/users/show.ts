import { getUser } from '../../contract/users.ts'
import { listUserOrganizations } from '../../contract/organizations.ts'
import type { Define } from '../commands.ts'
import { withExamples } from '../program.ts'
import { renderFacts } from '../table.ts'
import { ago } from '../words.ts'
import { rolesOf } from './list.ts'

export const showUserCommand: Define = (command, { output, connect }) => {
  command.argument('<user>', 'name, id or me').action(async (name: string) => {
    const { client } = connect()
    const params = { user: name }
    const user = await client(getUser, { params })
    const organizations = output.json ? [] : await client(listUserOrganizations, { params })
    const now = new Date()
    output.answer(user, () =>
      renderFacts(
        [
          ['User', user.username],
          ['Name', user.name],
          ['Mail', user.email],
          ['Status', user.status],
          ['Signs in by', user.login_type],
          ['Roles', rolesOf(user)],
          ['Organizations', organizations.map((one) => one.name).join(', ')],
          ['Created', ago(user.created_at, now)],
          ['Seen', user.last_seen_at ? ago(user.last_seen_at, now) : 'never'],
          ['Id', user.id],
        ],
        output.paint,
      ),
    )
  })
  withExamples(command, ['daybreak users show ana', 'daybreak users show me --json'])
}
