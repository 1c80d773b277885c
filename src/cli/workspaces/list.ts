import { listWorkspaces } from '../../contract/workspaces.ts'
import type { Define } from '../commands.ts'
import { MAX_LISTED, pageThrough } from '../pageThrough.ts'
import { withExamples } from '../program.ts'
import { renderTable } from '../table.ts'
import { ago } from '../words.ts'
import { stateOf } from './agents.ts'
import { fullName } from './find.ts'

export const listWorkspacesCommand: Define = (command, { output, connect }) => {
  command
    .option('-a, --all', "everybody's that you may see")
    .option('--search <query>', 'a name, owner/name, or owner:, name:, template: with a value')
    .action(async ({ all, search }: { all?: true; search?: string }) => {
      const { client } = connect()
      // A search that says whose is not narrowed further.
      const mine = !all && !/\bowner:|\//.test(search ?? '')
      const q = [mine ? 'owner:me' : '', search ?? ''].filter(Boolean).join(' ')
      const workspaces = await pageThrough(
        async (page) => (await client(listWorkspaces, { query: { q, ...page } })).workspaces,
      )
      output.answer(workspaces, () => {
        if (workspaces.length === 0) return search === undefined ? EMPTY : `No workspaces match "${search}".`
        return renderTable(workspaces, {
          paint: output.paint,
          columns: [
            { title: 'WORKSPACE', cell: fullName },
            { title: 'TEMPLATE', cell: ({ template_name }) => template_name },
            {
              title: 'STATE',
              cell: stateOf,
              style: ({ latest_build: { status } }) =>
                status === 'running' ? 'green' : status === 'failed' ? 'red' : undefined,
            },
            { title: 'CREATED', cell: ({ created_at }) => ago(created_at, new Date()) },
            {
              title: 'VERSION',
              cell: (one) => `${one.latest_build.template_version_name}${one.outdated ? ' (outdated)' : ''}`,
            },
          ],
        })
      })
      if (workspaces.length >= MAX_LISTED)
        output.note(`These are the first ${MAX_LISTED}: narrow it down with --search.`)
    })
  withExamples(command, ['daybreak workspaces list', 'daybreak workspaces list --all --search template:us-nix'])
}

const EMPTY = 'No workspaces yet. Create one: daybreak workspaces create mine --preset always-warm'
