// `templates acl show`, `set` and `remove`: who may use a template, whatever his roles say.
import type { Command } from 'commander'
import type { Client } from '../../contract/client.ts'
import { getTemplateAcl, updateTemplateAcl } from '../../contract/templateAcl.ts'
import type { Template } from '../../contract/templates.ts'
import type { Define } from '../commands.ts'
import { findGroup } from '../groups/find.ts'
import { findUserId } from '../organizations/find.ts'
import { withExamples } from '../program.ts'
import type { Session } from '../session.ts'
import { renderTable } from '../table.ts'
import { type Grant, parseGrants, parseGrantees } from './aclGrants.ts'
import { findTemplate } from './find.ts'

export const templateAclCommand: Define = (command, session) => {
  command.helpCommand(false).usage('<command>')
  withExamples(command, [
    'daybreak templates acl show us-nix',
    'daybreak templates acl set us-nix user:ana=admin group:builders=use everyone=use',
    'daybreak templates acl remove us-nix everyone',
  ])
  defineShow(command.command('show').description('who is on the list'), session)
  defineSet(command.command('set').description('give users and groups a role on the template'), session)
  defineRemove(command.command('remove').description('take users and groups off the list'), session)
}

function defineShow(command: Command, { output, connect }: Session): void {
  command.argument('<template>', 'name or id').action(async (name: string) => {
    const { client } = connect()
    const template = await findTemplate(client, name)
    const acl = await client(getTemplateAcl, { params: { template: template.id } })
    const rows = [
      ...acl.users.map(({ username, role }) => ({ who: `user:${username}`, role })),
      ...acl.group.map((group) => ({ who: isEveryone(group) ? 'everyone' : `group:${group.name}`, role: group.role })),
    ]
    output.answer(acl, () =>
      rows.length === 0
        ? `Nobody is on the list of ${template.name}: only roles count.`
        : renderTable(rows, {
            paint: output.paint,
            columns: [
              { title: 'WHO', cell: ({ who }) => who },
              { title: 'ROLE', cell: ({ role }) => role || 'other' },
            ],
          }),
    )
  })
  withExamples(command, ['daybreak templates acl show us-nix', 'daybreak templates acl show us-nix --json'])
}

function defineSet(command: Command, session: Session): void {
  command
    .argument('<template>', 'name or id')
    .argument('<grant...>', 'user:NAME=use, group:NAME=admin, everyone=use')
    .action((name: string, texts: string[]) => change(session, { name, grants: parseGrants(texts) }))
  withExamples(command, [
    'daybreak templates acl set us-nix everyone=use',
    'daybreak templates acl set us-nix user:ana=admin group:builders=use',
  ])
}

function defineRemove(command: Command, session: Session): void {
  command
    .argument('<template>', 'name or id')
    .argument('<who...>', 'user:NAME, group:NAME, everyone')
    .action((name: string, texts: string[]) => change(session, { name, grants: parseGrantees(texts) }))
  withExamples(command, [
    'daybreak templates acl remove us-nix everyone',
    'daybreak templates acl remove us-nix user:ana group:builders',
  ])
}

async function change(
  { output, connect }: Session,
  { name, grants }: { name: string; grants: readonly Grant[] },
): Promise<void> {
  const { client } = connect()
  const template = await findTemplate(client, name)
  const user_perms: Record<string, string> = {}
  const group_perms: Record<string, string> = {}
  for (const grant of grants) {
    if (grant.kind === 'user') user_perms[await findUserId(client, grant.name)] = grant.role
    else group_perms[await groupId(client, { grant, template })] = grant.role
  }
  await client(updateTemplateAcl, { params: { template: template.id }, body: { user_perms, group_perms } })
  output.answer({ template: template.name, user_perms, group_perms }, () =>
    grants
      .map(({ text, role }) => (role ? `${text} may ${role} ${template.name}.` : `${text} is off the list.`))
      .join('\n'),
  )
}

async function groupId(client: Client, { grant, template }: { grant: Grant; template: Template }): Promise<string> {
  if (grant.kind === 'everyone') return template.organization_id
  return (await findGroup(client, { name: grant.name, organization: template.organization_id })).id
}

function isEveryone({ id, organization_id }: { id: string; organization_id: string }): boolean {
  return id === organization_id
}
