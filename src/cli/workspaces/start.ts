import { createWorkspaceBuild } from '../../contract/workspaces.ts'
import type { Define } from '../commands.ts'
import { withExamples } from '../program.ts'
import { formatMs, parseDuration } from '../words.ts'
import { findWorkspace, fullName } from './find.ts'
import { waitUntilReady } from './waitUntilReady.ts'

export const startWorkspaceCommand: Define = (command, session) => {
  const { output, connect } = session
  command
    .argument('<name>', 'name, owner/name or id')
    .option('--no-wait', 'do not wait until it is ready')
    .option('--timeout <duration>', 'give up waiting', '5m')
    .action(async (name: string, { wait, timeout }: { wait: boolean; timeout: string }) => {
      const timeoutMs = parseDuration(timeout)
      const { client } = connect()
      const workspace = await findWorkspace(client, name)
      const startedMs = performance.now()
      const build = await client(createWorkspaceBuild, {
        params: { workspace: workspace.id },
        body: { transition: 'start', reason: 'cli' },
      })
      if (!wait) {
        output.answer(build, () => `${fullName(workspace)} is starting.`)
        return
      }
      const started = { ...workspace, latest_build: build }
      const ready = await waitUntilReady(session, client, { workspace: started, claimed: false, startedMs, timeoutMs })
      output.answer(ready, () => `${fullName(workspace)} is ready after ${formatMs(ready.ready_ms)}.`)
    })
  withExamples(command, ['daybreak workspaces start mine'])
}
