import { getUserRoles, listSiteRoles, setUserRoles } from '../../contract/users.ts'
import type { Define } from '../commands.ts'
import { usage } from '../failure.ts'
import { withExamples } from '../program.ts'
import type { Session } from '../session.ts'
import { rolesOf } from './list.ts'

type Options = { set?: string; add?: string[]; remove?: string[] }

export const userRolesCommand: Define = (command, session) => {
  command
    .argument('<user>', 'name, id or me')
    .option('--set <roles>', 'exactly these, separated by commas; "" for none')
    .option('--add <role...>', 'these as well')
    .option('--remove <role...>', 'all but these')
    .action(async (user: string, options: Options) => {
      const { set, add, remove } = options
      if (set !== undefined && (add ?? remove)) throw usage('Give either --set, or --add and --remove.')
      const isChange = set !== undefined || add !== undefined || remove !== undefined
      await (isChange ? change(session, user, options) : show(session, user))
    })
  withExamples(command, ['daybreak users roles ana', 'daybreak users roles ana --add template-admin'])
}

async function show({ output, connect }: Session, user: string): Promise<void> {
  const { client } = connect()
  const roles = await client(getUserRoles, { params: { user } })
  output.answer(roles, () => roles.roles.join(', ') || 'member')
  if (!output.json) {
    const known = await client(listSiteRoles, {})
    const assignable = known.filter((one) => one.assignable).map(({ name }) => name)
    if (assignable.length > 0) output.note(`You may give: ${assignable.join(', ')}.`)
  }
}

async function change({ output, connect }: Session, user: string, { set, add = [], remove = [] }: Options) {
  const { client } = connect()
  const params = { user }
  const now = set === undefined ? (await client(getUserRoles, { params })).roles : set.split(',').map((r) => r.trim())
  const roles = [...new Set([...now, ...add])].filter((name) => name !== '' && !remove.includes(name))
  const changed = await client(setUserRoles, { params, body: { roles } })
  output.answer(changed, () => `${changed.username} has the roles: ${rolesOf(changed) || 'member'}.`)
}
