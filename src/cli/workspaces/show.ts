import type { Define } from '../commands.ts'
import { withExamples } from '../program.ts'
import { describeWorkspace, presetNameOf } from './describe.ts'
import { findWorkspace } from './find.ts'

export const showWorkspaceCommand: Define = (command, { output, connect }) => {
  command.argument('<name>', 'name, owner/name or id').action(async (name: string) => {
    const { client } = connect()
    const workspace = await findWorkspace(client, name)
    const preset = output.json ? undefined : await presetNameOf(client, workspace)
    output.answer(workspace, () => describeWorkspace({ workspace, preset }, { paint: output.paint, now: new Date() }))
  })
  withExamples(command, ['daybreak workspaces show mine', 'daybreak workspaces show ana/web --json'])
}
