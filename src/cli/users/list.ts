import { listUsers, type User } from '../../contract/users.ts'
import type { Define } from '../commands.ts'
import { MAX_LISTED, pageThrough } from '../pageThrough.ts'
import { withExamples } from '../program.ts'
import { renderTable } from '../table.ts'
import { ago } from '../words.ts'

export const listUsersCommand: Define = (command, { output, connect }) => {
  command
    .option(
      '--search <query>',
      'a name, or status:, role:, login_type:, created_after:, created_before:, last_seen_… with a value',
    )
    .option('--system', 'with the owner of the prebuilt workspaces')
    .action(async ({ search, system }: { search?: string; system?: true }) => {
      const { client } = connect()
      const q = [search ?? '', system ? 'include_system:true' : ''].filter(Boolean).join(' ')
      const users = await pageThrough(async (page) => (await client(listUsers, { query: { q, ...page } })).users)
      output.answer(users, () => {
        if (users.length === 0) return `No users match "${search ?? ''}".`
        return renderTable(users, {
          paint: output.paint,
          columns: [
            { title: 'USER', cell: ({ username }) => username },
            { title: 'NAME', cell: ({ name }) => name },
            { title: 'MAIL', cell: ({ email }) => email },
            { title: 'ROLES', cell: rolesOf },
            {
              title: 'STATUS',
              cell: (user) => user.status,
              style: ({ status }) => (status === 'suspended' ? 'red' : undefined),
            },
            { title: 'SIGNS IN BY', cell: (user) => user.login_type },
            { title: 'SEEN', cell: (user) => (user.last_seen_at ? ago(user.last_seen_at, new Date()) : 'never') },
          ],
        })
      })
      if (users.length >= MAX_LISTED) output.note(`These are the first ${MAX_LISTED}: narrow it down with --search.`)
    })
  withExamples(command, ['daybreak users list', 'daybreak users list --search "status:suspended"'])
}

export function rolesOf({ roles }: Pick<User, 'roles'>): string {
  return roles.map(({ name }) => name).join(', ')
}
