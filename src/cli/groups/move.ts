// Putting people into a group, and taking them out.
import { updateGroup } from '../../contract/groups.ts'
import type { Define } from '../commands.ts'
import { findUserId, ORGANIZATION } from '../organizations/find.ts'
import { withExamples } from '../program.ts'
import { findGroup } from './find.ts'

export const addToGroupCommand: Define = (command, session) => move('add', command, session)
export const removeFromGroupCommand: Define = (command, session) => move('remove', command, session)

type Way = 'add' | 'remove'

function move(way: Way, ...[command, { output, connect }]: Parameters<Define>): void {
  command
    .argument('<group>', 'name or id')
    .argument('<user...>', 'names or ids')
    .option(...ORGANIZATION)
    .action(async (name: string, users: string[], { organization }: { organization: string }) => {
      const { client } = connect()
      const group = await findGroup(client, { name, organization })
      const ids: string[] = []
      for (const user of users) ids.push(await findUserId(client, user))
      const body = way === 'add' ? { add_users: ids } : { remove_users: ids }
      const changed = await client(updateGroup, { params: { group: group.id }, body })
      const count = `${changed.name} has ${changed.total_member_count} members now.`
      output.answer(changed, () => `${way === 'add' ? 'Added' : 'Removed'} ${users.join(', ')}; ${count}`)
    })
  withExamples(command, [
    `daybreak groups ${way} builders ana bo`,
    `daybreak groups ${way} builders ana --organization north`,
  ])
}
