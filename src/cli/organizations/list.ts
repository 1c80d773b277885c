import { listOrganizations } from '../../contract/organizations.ts'
import type { Define } from '../commands.ts'
import { withExamples } from '../program.ts'
import { renderTable } from '../table.ts'
import { ago } from '../words.ts'

export const listOrganizationsCommand: Define = (command, { output, connect }) => {
  command.action(async () => {
    const organizations = await connect().client(listOrganizations, {})
    output.answer(organizations, () =>
      renderTable(organizations, {
        paint: output.paint,
        columns: [
          { title: 'ORGANIZATION', cell: ({ name }) => name },
          { title: 'DEFAULT', cell: ({ is_default }) => (is_default ? 'default' : '') },
          { title: 'CREATED', cell: ({ created_at }) => ago(created_at, new Date()) },
          { title: 'DESCRIPTION', cell: ({ description, display_name }) => description || display_name },
        ],
      }),
    )
  })
  withExamples(command, ['daybreak organizations list', "daybreak organizations list --json | jq -r '.[].name'"])
}
