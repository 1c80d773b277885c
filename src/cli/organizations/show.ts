import { getOrganization } from '../../contract/organizations.ts'
import type { Define } from '../commands.ts'
import { withExamples } from '../program.ts'
import { renderFacts } from '../table.ts'
import { ago } from '../words.ts'
import { orSay } from './find.ts'

export const showOrganizationCommand: Define = (command, { output, connect }) => {
  command.argument('[name]', 'name or id', 'default').action(async (name: string) => {
    const { client } = connect()
    const found = await orSay(
      client(getOrganization, { params: { organization: name } }),
      `There is no organization "${name}".`,
      'See which there are: daybreak organizations list',
    )
    output.answer(found, () =>
      renderFacts(
        [
          ['Organization', found.name],
          ['Display name', found.display_name],
          ['Description', found.description],
          ['Id', found.id],
          ['Created', ago(found.created_at, new Date())],
          ['Default', found.is_default ? 'yes' : 'no'],
        ],
        output.paint,
      ),
    )
  })
  withExamples(command, ['daybreak organizations show', 'daybreak organizations show north --json'])
}
