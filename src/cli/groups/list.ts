import { listGroups } from '../../contract/groups.ts'
import type { Define } from '../commands.ts'
import { ORGANIZATION } from '../organizations/find.ts'
import { withExamples } from '../program.ts'
import { renderTable } from '../table.ts'

export const listGroupsCommand: Define = (command, { output, connect }) => {
  command.option(...ORGANIZATION).action(async ({ organization }: { organization: string }) => {
    const groups = await connect().client(listGroups, { params: { organization }, query: {} })
    output.answer(groups, () =>
      renderTable(groups, {
        paint: output.paint,
        columns: [
          { title: 'GROUP', cell: ({ name }) => name },
          { title: 'MEMBERS', cell: (one) => String(one.total_member_count), align: 'right' },
          { title: 'QUOTA', cell: (one) => String(one.quota_allowance), align: 'right' },
          { title: 'DISPLAY NAME', cell: ({ display_name }) => display_name },
        ],
      }),
    )
  })
  withExamples(command, ['daybreak groups list', 'daybreak groups list --organization north --json'])
}
