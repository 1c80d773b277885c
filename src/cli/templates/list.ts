import { listTemplates } from '../../contract/templates.ts'
import type { Define } from '../commands.ts'
import { withExamples } from '../program.ts'
import { renderTable } from '../table.ts'
import { ago } from '../words.ts'

export const listTemplatesCommand: Define = (command, { output, connect }) => {
  command.action(async () => {
    const templates = await connect().client(listTemplates, {})
    output.answer(templates, () =>
      templates.length === 0
        ? 'No templates yet. Push a folder with a daybreak.yaml: daybreak templates push DIR'
        : renderTable(templates, {
            paint: output.paint,
            columns: [
              { title: 'TEMPLATE', cell: ({ name }) => name },
              { title: 'DRIVER', cell: ({ provisioner }) => provisioner },
              { title: 'ORGANIZATION', cell: ({ organization_name }) => organization_name },
              { title: 'CHANGED', cell: ({ updated_at }) => ago(updated_at, new Date()) },
              {
                title: 'DESCRIPTION',
                cell: (one) => (one.deprecated ? 'deprecated' : one.description || one.display_name),
              },
            ],
          }),
    )
  })
  withExamples(command, ['daybreak templates list', "daybreak templates list --json | jq -r '.[].name'"])
}
