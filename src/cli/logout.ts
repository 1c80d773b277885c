import { createClient } from '../contract/client.ts'
import { logout as endSession } from '../contract/users.ts'
import type { Define } from './commands.ts'
import { findConnection, readUserFile, userFile } from './connection.ts'
import { forgetCredentials } from './credentials.ts'
import { explain } from './explain.ts'
import { withExamples } from './program.ts'
import type { Session } from './session.ts'

export const logout: Define = (command, session) => {
  command.action(() => signOut(session))
  withExamples(command, ['daybreak logout'])
}

/** Only what `login` stored: a token from the environment or from `up` is not ours to end. */
async function signOut(session: Session): Promise<void> {
  const { output, environment } = session
  const stored = readUserFile(environment)
  let ended = false
  if (stored) {
    try {
      await createClient(stored.url, stored.token)(endSession, {})
      ended = true
    } catch (error) {
      const { message } = explain(error, stored)
      output.note(output.tint('yellow', `The session was forgotten here, but not ended there: ${message}`))
    }
    forgetCredentials(userFile(environment))
  }
  const left = findConnection({}, environment)
  if (left?.token) output.note(`Commands here still use ${left.url}, from ${left.from}.`)
  output.answer({ url: stored?.url ?? null, ended }, () =>
    stored ? `Signed out of ${stored.url}.` : 'You had not signed in with `daybreak login`.',
  )
}
