// Signing in with a browser: the page of the server makes a token, and a person carries it over. The command line opens
// no port for it, so it works the same through ssh.
import { spawn } from 'node:child_process'
import { usage } from './failure.ts'
import { readUnseen } from './secret.ts'
import type { Session } from './session.ts'

/** Returns the token that was pasted. */
export async function signInByBrowser({ output, environment }: Session, origin: string): Promise<string> {
  const page = `${origin}/cli-auth`
  const todo = `Open this page in a browser, make a token there, and paste it here:\n\n  ${page}\n`
  // On a terminal it is part of the question, which --quiet does not hide.
  if (!process.stdin.isTTY) output.note(todo)
  if (environment.opener !== undefined) open(environment.opener, page)
  const token = (await readUnseen(`${todo}\nToken (not shown)`)).trim()
  if (token !== '') return token
  throw usage(
    'No token was pasted, so nothing changed.',
    [
      'A server of your own: `daybreak up` prints a link; then daybreak login --link LINK',
      'With a password: daybreak login URL --username NAME; with an API token: daybreak login URL --token -',
      'In the folder where `daybreak up` runs you need not sign in at all.',
    ].join('\n'),
  )
}

/** A convenience: the address was printed, so nothing is said where there is no such program or it fails. */
function open(opener: string, page: string): void {
  const child = spawn(opener, [page], { stdio: 'ignore', detached: true })
  child.on('error', () => {})
  child.unref()
}
