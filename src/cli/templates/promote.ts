import { ApiError, type Client } from '../../contract/client.ts'
import {
  getTemplateVersion,
  getTemplateVersionByName,
  promoteTemplateVersion,
  type Template,
  type TemplateVersion,
} from '../../contract/templates.ts'
import { Id } from '../../contract/values.ts'
import type { Define } from '../commands.ts'
import { CliFailure } from '../failure.ts'
import { withExamples } from '../program.ts'
import { findTemplate } from './find.ts'

export const promoteVersionCommand: Define = (command, { output, connect }) => {
  command
    .argument('<template>', 'name or id')
    .argument('<version>', 'name or id of the version')
    .action(async (name: string, versionName: string) => {
      const { client } = connect()
      const template = await findTemplate(client, name)
      const version = await findVersion(client, { template, name: versionName })
      await client(promoteTemplateVersion, { params: { template: template.id }, body: { id: version.id } })
      output.answer(
        { template: template.name, version: version.name, id: version.id },
        () => `${version.name} is the active version of ${template.name}; its pools follow.`,
      )
    })
  withExamples(command, ['daybreak templates promote us-nix v3'])
}

async function findVersion(
  client: Client,
  { template, name }: { template: Template; name: string },
): Promise<TemplateVersion> {
  try {
    if (Id.safeParse(name).success) return await client(getTemplateVersion, { params: { templateversion: name } })
    return await client(getTemplateVersionByName, { params: { template: template.id, name } })
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error
    throw new CliFailure(`Template ${template.name} has no version "${name}".`, {
      status: error.status,
      detail: `See which there are: daybreak templates versions ${template.name}`,
      cause: error,
    })
  }
}
