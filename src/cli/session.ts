// What every command gets: where to write, and the server to ask.
import { createClient, type Client } from '../contract/client.ts'
import type { Environment } from './config.ts'
import { type Connection, findConnection, type Flags } from './connection.ts'
import { CliFailure, EXIT } from './failure.ts'
import type { Output } from './output.ts'

export type Session = {
  output: Output
  environment: Environment
  flags: Flags
  /** The server in use, for error messages. */
  server: { url: string; from?: string } | undefined
  /** Said when a person presses Ctrl-C while the server is at work for them. */
  goesOn: string | undefined
  /** Throws where nobody is signed in. */
  connect: () => { client: Client; connection: Connection }
}

export function createSession(options: { output: Output; environment: Environment; flags: Flags }): Session {
  const session: Session = {
    ...options,
    server: undefined,
    goesOn: undefined,
    connect: () => {
      const connection = findConnection(session.flags, session.environment)
      session.server = connection
      if (!connection?.token) throw signedOut(connection)
      return { client: createClient(connection.url, connection.token), connection }
    },
  }
  return session
}

function signedOut(connection: Connection | undefined): CliFailure {
  return connection
    ? new CliFailure(`You are not signed in at ${connection.url}.`, {
        exitCode: EXIT.signedOut,
        detail: `Sign in with \`daybreak login ${connection.url}\`.`,
      })
    : new CliFailure('You are not signed in.', {
        exitCode: EXIT.signedOut,
        detail: 'Start a server of your own with `daybreak up`, or sign in at another with `daybreak login URL`.',
      })
}
