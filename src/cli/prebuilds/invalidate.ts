import { invalidatePrebuilds } from '../../contract/templates.ts'
import type { Define } from '../commands.ts'
import { withExamples } from '../program.ts'
import { findTemplate } from '../templates/find.ts'

export const invalidatePrebuildsCommand: Define = (command, { output, connect }) => {
  command.argument('<template>', 'name or id').action(async (name: string) => {
    const { client } = connect()
    const template = await findTemplate(client, name)
    const { invalidated } = await client(invalidatePrebuilds, { params: { template: template.id } })
    const replaced = invalidated.map((one) => `${one.template_name}/${one.preset_name}`).join(', ')
    output.answer({ invalidated }, () =>
      invalidated.length === 0
        ? `${template.name} has no presets with prebuilds to replace.`
        : `The prebuilds of ${replaced} are being replaced.`,
    )
    output.note('Watch it: daybreak prebuilds list --watch')
  })
  withExamples(command, ['daybreak prebuilds invalidate us-nix'])
}
