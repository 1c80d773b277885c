import { getTemplateVersion, getTemplateVersionByName, promoteTemplateVersion } from '../../contract/templates.ts'
import { Id } from '../../contract/values.ts'
import type { Define } from '../commands.ts'
import { withExamples } from '../program.ts'
import { findTemplate } from './find.ts'

export const promoteVersionCommand: Define = (command, { output, connect }) => {
  command
    .argument('<template>', 'name or id')
    .argument('<version>', 'name or id of the version')
    .action(async (name: string, versionName: string) => {
      const { client } = connect()
      const template = await findTemplate(client, name)
      const version = Id.safeParse(versionName).success
        ? await client(getTemplateVersion, { params: { templateversion: versionName } })
        : await client(getTemplateVersionByName, { params: { template: template.id, name: versionName } })
      await client(promoteTemplateVersion, { params: { template: template.id }, body: { id: version.id } })
      output.answer(
        { template: template.name, version: version.name, id: version.id },
        () => `${version.name} is the active version of ${template.name}; its pools follow.`,
      )
    })
  withExamples(command, ['daybreak templates promote us-nix v3'])
}
