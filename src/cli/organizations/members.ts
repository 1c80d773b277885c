// `members` lists; `members add`, `members remove` and `members roles` change.
import type { Command } from 'commander'
import {
  createMember,
  listAssignableOrganizationRoles,
  listMembersInPages,
  removeMember,
  setOrganizationRoles,
} from '../../contract/organizations.ts'
import type { Define } from '../commands.ts'
import { usage } from '../failure.ts'
import { pageThrough } from '../pageThrough.ts'
import { withExamples } from '../program.ts'
import type { Session } from '../session.ts'
import { renderTable } from '../table.ts'
import { ago } from '../words.ts'
import { ORGANIZATION, orSay } from './find.ts'

type Place = { organization: string }

export const membersCommand: Define = (command, session) => {
  const { output, connect } = session
  command
    .option(...ORGANIZATION) // of the commands below as well, wherever it stands
    .option('--include-system', 'with the owner of prebuilt workspaces')
    .action(async ({ organization, includeSystem }: Place & { includeSystem?: true }) => {
      const { client } = connect()
      const q = includeSystem ? 'include_system:true' : ''
      const members = await pageThrough(
        async (page) => (await client(listMembersInPages, { params: { organization }, query: { ...page, q } })).members,
      )
      output.answer(members, () =>
        renderTable(members, {
          paint: output.paint,
          columns: [
            { title: 'USER', cell: ({ username }) => username },
            { title: 'MAIL', cell: ({ email }) => email },
            { title: 'ROLES', cell: ({ roles }) => roles.map(({ name }) => name).join(', ') },
            { title: 'SINCE', cell: ({ created_at }) => ago(created_at, new Date()) },
          ],
        }),
      )
    })
  withExamples(command, [
    'daybreak organizations members',
    'daybreak organizations members --organization north --json',
    'daybreak organizations members add ana --organization north',
    'daybreak organizations members roles ana organization-template-admin',
  ])
  defineAdd(command.command('add').description('let users in'), session)
  defineRemove(command.command('remove').description('take users out, and out of their groups'), session)
  defineRoles(command.command('roles').description('set the roles of a member, or list what there is'), session)
}

function defineAdd(command: Command, { output, connect }: Session): void {
  command.argument('<user...>', 'names or ids').action(async (users: string[]) => {
    const { organization } = command.optsWithGlobals<Place>()
    const { client } = connect()
    const added = []
    for (const user of users) added.push(await orSay(client(createMember, params(organization, user)), missing(user)))
    output.answer(added, () => `Added ${users.join(', ')}.`)
  })
  withExamples(command, ['daybreak organizations members add ana bo --organization north'])
}

function defineRemove(command: Command, { output, connect }: Session): void {
  command.argument('<user...>', 'names or ids').action(async (users: string[]) => {
    const { organization } = command.optsWithGlobals<Place>()
    const { client } = connect()
    for (const user of users) await orSay(client(removeMember, params(organization, user)), missing(user))
    output.answer({ removed: users }, () => `Removed ${users.join(', ')}.`)
  })
  withExamples(command, ['daybreak organizations members remove ana --organization north'])
}

type RoleOptions = Place & { none?: true }

function defineRoles(command: Command, session: Session): void {
  command
    .argument('[user]', 'name or id; without: list the roles')
    .argument('[role...]', 'all the roles that the member has from now on')
    .option('--none', 'take every role away')
    .action(async (user: string | undefined, roles: string[]) => {
      const options = command.optsWithGlobals<RoleOptions>()
      if (user === undefined) await listRoles(session, options)
      else await setRoles(session, { ...options, user, roles })
    })
  withExamples(command, [
    'daybreak organizations members roles',
    'daybreak organizations members roles ana organization-admin --organization north',
    'daybreak organizations members roles ana --none',
  ])
}

async function listRoles({ output, connect }: Session, { organization }: Place): Promise<void> {
  const { client } = connect()
  const roles = await client(listAssignableOrganizationRoles, { params: { organization } })
  output.answer(roles, () =>
    renderTable(roles, {
      paint: output.paint,
      columns: [
        { title: 'ROLE', cell: ({ name }) => name },
        { title: 'CALLED', cell: ({ display_name }) => display_name },
        { title: 'YOURS TO GIVE', cell: ({ assignable }) => (assignable ? 'yes' : 'no') },
      ],
    }),
  )
}

type Setting = RoleOptions & { user: string; roles: readonly string[] }

async function setRoles({ output, connect }: Session, { organization, user, roles, none }: Setting): Promise<void> {
  if (roles.length > 0 === (none === true)) throw usage('Say the roles, or --none.')
  const body = { roles: [...roles] }
  const asked = connect().client(setOrganizationRoles, { ...params(organization, user), body })
  const member = await orSay(asked, missing(user))
  const names = member.roles.map(({ name }) => name).join(', ')
  output.answer(member, () => (names ? `${user} has ${names} now.` : `${user} has no roles now.`))
}

function params(organization: string, user: string) {
  return { params: { organization, user } }
}

function missing(user: string): string {
  return `There is no such organization, or in it no "${user}" whom you may see.`
}
