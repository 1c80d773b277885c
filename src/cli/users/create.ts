import { getOrganization } from '../../contract/organizations.ts'
import { createUser } from '../../contract/users.ts'
import type { Define } from '../commands.ts'
import { withExamples } from '../program.ts'
import { readPassword } from '../secret.ts'

type Options = { email: string; fullName?: string; organization?: string[]; password?: string | false }

export const createUserCommand: Define = (command, { output, connect }) => {
  command
    .argument('<username>', 'the name in paths and lists')
    .requiredOption('--email <mail>', 'the mail address')
    .option('--full-name <name>', 'the name as people write it')
    .option('--organization <organization...>', 'names or ids (default: the default one)')
    .option('--password <->', 'read the password from stdin (default: ask for it)')
    .option('--no-password', 'a user for tokens alone, who cannot sign in')
    .action(async (username: string, { email, fullName, organization = [], password }: Options) => {
      const { client } = connect()
      const ids: string[] = []
      for (const name of organization) ids.push((await client(getOrganization, { params: { organization: name } })).id)
      const signIn =
        password === false
          ? ({ login_type: 'none' } as const)
          : { password: await readPassword(password, { prompt: `Password of ${username}`, repeat: 'Again' }) }
      const body = { username, email, name: fullName ?? '', organization_ids: ids, ...signIn }
      const user = await client(createUser, { body })
      output.answer(user, () => `${user.username} can ${password === false ? 'be given tokens' : 'sign in'} now.`)
    })
  withExamples(command, [
    'daybreak users create ana --email ana@example.com',
    'daybreak users create ana --email ana@example.com --password - < password.txt',
    'daybreak users create ci --email ci@example.com --no-password',
  ])
}
