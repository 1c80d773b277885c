import { listTemplateVersions } from '../../contract/templates.ts'
import type { Define } from '../commands.ts'
import { pageThrough } from '../pageThrough.ts'
import { withExamples } from '../program.ts'
import { renderTable } from '../table.ts'
import { ago } from '../words.ts'
import { findTemplate } from './find.ts'

export const listVersionsCommand: Define = (command, { output, connect }) => {
  command.argument('<template>', 'name or id').action(async (name: string) => {
    const { client } = connect()
    const template = await findTemplate(client, name)
    const oldestFirst = await pageThrough((query) =>
      client(listTemplateVersions, { params: { template: template.id }, query }),
    )
    const versions = oldestFirst
      .toReversed()
      .map((version) => Object.assign(version, { active: version.id === template.active_version_id }))
    output.answer(versions, () =>
      renderTable(versions, {
        paint: output.paint,
        columns: [
          { title: 'VERSION', cell: (version) => version.name },
          { title: 'ACTIVE', cell: ({ active }) => (active ? 'active' : ''), style: () => 'green' },
          {
            title: 'IMPORT',
            cell: ({ job }) => job.status,
            style: ({ job }) => (job.status === 'failed' ? 'red' : undefined),
          },
          { title: 'BY', cell: ({ created_by }) => created_by.username },
          { title: 'PUSHED', cell: ({ created_at }) => ago(created_at, new Date()) },
          { title: 'MESSAGE', cell: ({ message }) => message },
        ],
      }),
    )
  })
  withExamples(command, ['daybreak templates versions us-nix'])
}
