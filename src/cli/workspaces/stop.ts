import { createWorkspaceBuild } from '../../contract/workspaces.ts'
import type { Define } from '../commands.ts'
import { withExamples } from '../program.ts'
import { parseDuration } from '../words.ts'
import { findWorkspace, fullName } from './find.ts'
import { waitForBuild } from './waitForBuild.ts'

export const stopWorkspaceCommand: Define = (command, session) => {
  const { output, connect } = session
  command
    .argument('<name>', 'name, owner/name or id')
    .option('--no-wait', 'do not wait until it has stopped')
    .option('--timeout <duration>', 'give up waiting', '5m')
    .action(async (name: string, { wait, timeout }: { wait: boolean; timeout: string }) => {
      const timeoutMs = parseDuration(timeout)
      const { client } = connect()
      const workspace = await findWorkspace(client, name)
      const build = await client(createWorkspaceBuild, {
        params: { workspace: workspace.id },
        body: { transition: 'stop', reason: 'cli' },
      })
      if (wait)
        await waitForBuild(session, client, { workspace, build, timeoutMs, doing: `Stopping ${fullName(workspace)}` })
      output.answer(build, () => `${fullName(workspace)} ${wait ? 'has stopped' : 'is stopping'}.`)
    })
  withExamples(command, ['daybreak workspaces stop mine'])
}
