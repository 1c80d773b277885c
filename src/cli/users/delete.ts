import { deleteUser, getUser, type User } from '../../contract/users.ts'
import type { Define } from '../commands.ts'
import { confirm } from '../confirm.ts'
import { withExamples } from '../program.ts'

export const deleteUsersCommand: Define = (command, { output, connect }) => {
  command
    .argument('<user...>', 'names or ids')
    .option('-y, --yes', 'do not ask')
    .action(async (names: string[], { yes }: { yes?: true }) => {
      const { client } = connect()
      // Every name is looked up before anything is touched: a mistyped one deletes nobody.
      const found = new Map<string, User>()
      for (const name of names) {
        const user = await client(getUser, { params: { user: name } })
        found.set(user.id, user)
      }
      const list = [...found.values()].map(({ username }) => username).join(', ')
      if (!yes) await confirm(`Delete ${list}, with all sessions and tokens?`)
      for (const id of found.keys()) await client(deleteUser, { params: { user: id } })
      output.answer([...found.values()], () => `Deleted ${list}.`)
    })
  withExamples(command, ['daybreak users delete ana', 'daybreak users delete ana bo --yes'])
}
