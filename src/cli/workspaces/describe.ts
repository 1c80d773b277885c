import type { Client } from '../../contract/client.ts'
import { listTemplateVersionPresets } from '../../contract/templates.ts'
import type { Workspace } from '../../contract/workspaces.ts'
import type { Paint } from '../output.ts'
import { renderFacts } from '../table.ts'
import { ago } from '../words.ts'
import { agentState, stateOf, topLevelAgents } from './agents.ts'
import { fullName } from './find.ts'

export type Described = { workspace: Workspace; preset: string | undefined }

/** Where a workspace is, whose it is, and how it does. */
export function describeWorkspace(
  { workspace, preset }: Described,
  { paint, now }: { paint: Paint; now: Date },
): string {
  const { latest_build: build } = workspace
  return renderFacts(
    [
      ['Workspace', fullName(workspace)],
      ['Id', workspace.id],
      ['Owner', workspace.owner_name],
      ['Template', preset ? `${workspace.template_name}/${preset}` : workspace.template_name],
      [
        'Version',
        workspace.outdated ? `${build.template_version_name} (a newer one is active)` : build.template_version_name,
      ],
      ['State', workspace.is_prebuild ? `${stateOf(workspace)}, nobody's yet` : stateOf(workspace)],
      ['Error', build.job.error],
      ...topLevelAgents(workspace).map(
        (agent) => [`Agent ${agent.name}`, `${agentState(agent)}${place(agent)}`] as const,
      ),
      ['Created', ago(workspace.created_at, now)],
      [
        'Build',
        `${build.build_number}, ${build.transition}, by ${build.initiator_name}, ${ago(build.created_at, now)}`,
      ],
    ],
    paint,
  )
}

export async function presetNameOf(client: Client, { latest_build: build }: Workspace): Promise<string | undefined> {
  const { template_version_preset_id: id, template_version_id: version } = build
  if (id === null) return undefined
  const presets = await client(listTemplateVersionPresets, { params: { templateversion: version } })
  return presets.find((preset) => preset.ID === id)?.Name
}

function place({
  directory,
  operating_system: os,
  architecture,
}: {
  directory?: string | undefined
  operating_system: string
  architecture: string
}) {
  return [`, ${os}/${architecture}`, directory ? `, in ${directory}` : ''].join('')
}
