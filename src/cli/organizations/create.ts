import { createOrganization } from '../../contract/organizations.ts'
import type { Define } from '../commands.ts'
import { withExamples } from '../program.ts'

type Options = { displayName?: string; description?: string }

export const createOrganizationCommand: Define = (command, { output, connect }) => {
  command
    .argument('<name>', 'letters, digits and single dashes')
    .option('--display-name <text>', 'how people call it')
    .option('--description <text>', 'what it is for')
    .action(async (name: string, { displayName = '', description = '' }: Options) => {
      const body = { name, display_name: displayName, description }
      const made = await connect().client(createOrganization, { body })
      output.answer(made, () => `Made organization ${made.name}; you are its first admin.`)
      output.note(`Let people in: daybreak organizations members add USER --organization ${made.name}`)
    })
  withExamples(command, ['daybreak organizations create north', 'daybreak organizations create lab --display-name Lab'])
}
