import { activateUser, suspendUser } from '../../contract/users.ts'
import type { Define } from '../commands.ts'
import { withExamples } from '../program.ts'

export const suspendUserCommand: Define = (command, { output, connect }) => {
  command.argument('<user>', 'name or id').action(async (name: string) => {
    const user = await connect().client(suspendUser, { params: { user: name } })
    output.answer(user, () => `${user.username} is out: sessions and tokens no longer work.`)
    output.note(`Workspaces go on. See them: daybreak workspaces list --all --search owner:${user.username}`)
  })
  withExamples(command, ['daybreak users suspend ana'])
}

export const activateUserCommand: Define = (command, { output, connect }) => {
  command.argument('<user>', 'name or id').action(async (name: string) => {
    const user = await connect().client(activateUser, { params: { user: name } })
    output.answer(user, () => `${user.username} can sign in again.`)
  })
  withExamples(command, ['daybreak users activate ana'])
}
