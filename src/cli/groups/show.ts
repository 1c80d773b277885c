import type { Define } from '../commands.ts'
import { ORGANIZATION } from '../organizations/find.ts'
import { withExamples } from '../program.ts'
import { renderFacts } from '../table.ts'
import { findGroup } from './find.ts'

export const showGroupCommand: Define = (command, { output, connect }) => {
  command
    .argument('<name>', 'name or id')
    .option(...ORGANIZATION)
    .action(async (name: string, { organization }: { organization: string }) => {
      const group = await findGroup(connect().client, { name, organization })
      const hidden = group.total_member_count - group.members.length
      output.answer(group, () =>
        renderFacts(
          [
            ['Group', group.name],
            ['Display name', group.display_name],
            ['Organization', group.organization_name],
            ['Quota', String(group.quota_allowance)],
            ['Members', group.members.map(({ username }) => username).join(', ')],
            ['Not shown', hidden > 0 ? `${hidden} more` : undefined],
            ['Id', group.id],
          ],
          output.paint,
        ),
      )
    })
  withExamples(command, ['daybreak groups show builders', 'daybreak groups show Everyone --organization north --json'])
}
