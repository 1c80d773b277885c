import { createWorkspaceBuild, type Workspace } from '../../contract/workspaces.ts'
import type { Define } from '../commands.ts'
import { confirm } from '../confirm.ts'
import { withExamples } from '../program.ts'
import type { Session } from '../session.ts'
import { parseDuration } from '../words.ts'
import { findWorkspace, fullName } from './find.ts'
import { waitForBuild } from './waitForBuild.ts'

type Options = { yes?: true; wait: boolean; timeout: string }

export const deleteWorkspacesCommand: Define = (command, session) => {
  command
    .argument('<name...>', 'names, owner/name or ids')
    .option('-y, --yes', 'do not ask')
    .option('--no-wait', 'do not wait until they are gone')
    .option('--timeout <duration>', 'give up waiting', '5m')
    .action((names: string[], options: Options) => remove(session, names, options))
  withExamples(command, ['daybreak workspaces delete mine', 'daybreak workspaces delete ci-41 ci-42 --yes'])
}

/** Every name is looked up before anything is touched: a mistyped one deletes nothing. */
async function remove(session: Session, names: readonly string[], { yes, wait, timeout }: Options): Promise<void> {
  const { output } = session
  const timeoutMs = parseDuration(timeout)
  const { client } = session.connect()
  const found = new Map<string, Workspace>()
  for (const name of names) {
    const workspace = await findWorkspace(client, name)
    found.set(workspace.id, workspace)
  }
  const list = [...found.values()].map(fullName).join(', ')
  if (!yes) await confirm(`Delete ${list} and all that is in ${found.size === 1 ? 'it' : 'them'}?`)
  session.goesOn = 'The server goes on with what it was asked: daybreak workspaces list'
  const builds = []
  for (const workspace of found.values()) {
    const build = await client(createWorkspaceBuild, {
      params: { workspace: workspace.id },
      body: { transition: 'delete', reason: 'cli' },
    })
    builds.push({ workspace, build })
  }
  if (wait) {
    for (const { workspace, build } of builds) {
      await waitForBuild(session, client, { workspace, build, timeoutMs, doing: `Deleting ${fullName(workspace)}` })
    }
  }
  output.answer(
    builds.map(({ build }) => build),
    () => `${wait ? 'Deleted' : 'Deleting'} ${list}.`,
  )
}
