import type { Client } from '../../contract/client.ts'
import { listAgentLogs, listWorkspaceBuildLogs, type Workspace } from '../../contract/workspaces.ts'
import type { Define } from '../commands.ts'
import { type Output, printable } from '../output.ts'
import { withExamples } from '../program.ts'
import { tail } from '../tail.ts'
import { topLevelAgents } from './agents.ts'
import { findWorkspace } from './find.ts'
import { jobLogText } from './logLines.ts'

/** The server keeps 1 MiB of each. */
const MAX_LINES = 50_000

export const workspaceLogsCommand: Define = (command, { output, connect }) => {
  command.argument('<name>', 'name, owner/name or id').action(async (name: string) => {
    const { client } = connect()
    const logs = await readLogs(client, await findWorkspace(client, name))
    output.answer(logs, () => render(logs, output))
  })
  withExamples(command, ['daybreak workspaces logs mine', 'daybreak workspaces logs mine --json | jq .agents'])
}

type Logs = Awaited<ReturnType<typeof readLogs>>

async function readLogs(client: Client, workspace: Workspace) {
  const { latest_build: build } = workspace
  const params = { workspacebuild: build.id }
  const lines = await readAll((after) => client(listWorkspaceBuildLogs, { params, query: { after } }))
  const agents = []
  for (const { id, name } of topLevelAgents(workspace)) {
    agents.push({
      name,
      lines: await readAll((after) => client(listAgentLogs, { params: { agent: id }, query: { after } })),
    })
  }
  return { build: { id: build.id, number: build.build_number, transition: build.transition, lines }, agents }
}

async function readAll<Line extends { id: number }>(
  read: (after: number) => Promise<readonly Line[]>,
): Promise<Line[]> {
  const lines: Line[] = []
  await tail({
    read: async (after) => (lines.length < MAX_LINES ? await read(after) : []),
    each: (line) => lines.push(line),
    isOver: () => true,
  })
  return lines
}

function render({ build, agents }: Logs, { paint }: Output): string {
  const section = (title: string, lines: string[]): string[] =>
    lines.length === 0 ? [paint('dim', `${title} wrote nothing.`)] : [paint('bold', title), ...lines]
  return [
    ...section(
      `Build ${build.number} (${build.transition})`,
      build.lines.map((line) => colored(jobLogText(line), { level: line.log_level, paint })),
    ),
    ...agents.flatMap(({ name, lines }) =>
      section(
        `Agent ${name}`,
        lines.map((line) => colored(printable(line.output), { level: line.level, paint })),
      ),
    ),
  ].join('\n')
}

function colored(text: string, { level, paint }: { level: string; paint: Output['paint'] }): string {
  return level === 'error' ? paint('red', text) : level === 'warn' ? paint('yellow', text) : text
}
