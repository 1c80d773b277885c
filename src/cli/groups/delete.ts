import { deleteGroup } from '../../contract/groups.ts'
import type { Define } from '../commands.ts'
import { confirm } from '../confirm.ts'
import { ORGANIZATION } from '../organizations/find.ts'
import { withExamples } from '../program.ts'
import { findGroup } from './find.ts'

type Options = { organization: string; yes?: true }

export const deleteGroupCommand: Define = (command, { output, connect }) => {
  command
    .argument('<name>', 'name or id')
    .option('-y, --yes', 'do not ask')
    .option(...ORGANIZATION)
    .action(async (name: string, { organization, yes }: Options) => {
      const { client } = connect()
      const group = await findGroup(client, { name, organization })
      if (!yes) await confirm(`Delete group ${group.name}, and all that it was granted?`)
      await client(deleteGroup, { params: { group: group.id } })
      output.answer(group, () => `Deleted group ${group.name}.`)
    })
  withExamples(command, ['daybreak groups delete builders', 'daybreak groups delete builders --yes'])
}
