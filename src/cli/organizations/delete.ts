import { deleteOrganization, getOrganization } from '../../contract/organizations.ts'
import type { Define } from '../commands.ts'
import { confirm } from '../confirm.ts'
import { withExamples } from '../program.ts'
import { orSay } from './find.ts'

export const deleteOrganizationCommand: Define = (command, { output, connect }) => {
  command
    .argument('<name>', 'name or id')
    .option('-y, --yes', 'do not ask')
    .action(async (name: string, { yes }: { yes?: true }) => {
      const { client } = connect()
      const asked = client(getOrganization, { params: { organization: name } })
      const found = await orSay(asked, `There is no organization "${name}".`)
      if (!yes) await confirm(`Delete organization ${found.name}, its groups and memberships?`)
      await client(deleteOrganization, { params: { organization: found.id } })
      output.answer(found, () => `Deleted organization ${found.name}.`)
    })
  withExamples(command, ['daybreak organizations delete north', 'daybreak organizations delete north --yes'])
}
