import { createGroup } from '../../contract/groups.ts'
import type { Define } from '../commands.ts'
import { usage } from '../failure.ts'
import { ORGANIZATION } from '../organizations/find.ts'
import { withExamples } from '../program.ts'

type Options = { organization: string; displayName?: string; quota: string }

export const createGroupCommand: Define = (command, { output, connect }) => {
  command
    .argument('<name>', 'letters, digits and single dashes')
    .option('--display-name <text>', 'how people call it')
    .option('--quota <number>', 'what each member may use', '0')
    .option(...ORGANIZATION)
    .action(async (name: string, { organization, displayName = '', quota }: Options) => {
      if (!/^\d{1,9}$/.test(quota)) throw usage(`"${quota}" is not a quota: give a whole number from 0 on.`)
      const body = { name, display_name: displayName, quota_allowance: Number(quota) }
      const made = await connect().client(createGroup, { params: { organization }, body })
      output.answer(made, () => `Made group ${made.name}.`)
      output.note(`Put people in: daybreak groups add ${made.name} USER`)
    })
  withExamples(command, ['daybreak groups create builders', 'daybreak groups create builders --quota 20'])
}
