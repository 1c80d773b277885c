import { getUser, setPassword } from '../../contract/users.ts'
import type { Define } from '../commands.ts'
import { withExamples } from '../program.ts'
import { readPassword } from '../secret.ts'

export const userPasswordCommand: Define = (command, { output, connect }) => {
  command
    .argument('[user]', 'name, id or me', 'me')
    .option('--password <->', 'read the new password from stdin (default: ask for it)')
    .addHelpText('after', '\nYour own needs the old one too: with --password - it is the second line.')
    .action(async (name: string, { password: given }: { password?: string }) => {
      const { client } = connect()
      const [me, user] = await Promise.all([
        client(getUser, { params: { user: 'me' } }),
        client(getUser, { params: { user: name } }),
      ])
      const needsOld = me.id === user.id && user.login_type === 'password'
      const body = given === undefined ? await askBoth(user.username, needsOld) : await readBoth(given)
      await client(setPassword, { params: { user: user.id }, body })
      output.answer({ user: user.username }, () => `${user.username} has a new password; other sessions have ended.`)
    })
  withExamples(command, ['daybreak users password', 'daybreak users password ana --password - < password.txt'])
}

async function askBoth(username: string, needsOld: boolean): Promise<{ password: string; old_password?: string }> {
  const old = needsOld ? { old_password: await readPassword(undefined, { prompt: 'Old password' }) } : {}
  const prompt = `New password of ${username}`
  return { ...old, password: await readPassword(undefined, { prompt, repeat: 'Again' }) }
}

async function readBoth(given: string): Promise<{ password: string; old_password?: string }> {
  const [password = '', old] = (await readPassword(given, { prompt: 'New password' })).split(/\r?\n/)
  return { password, ...(old === undefined ? {} : { old_password: old }) }
}
