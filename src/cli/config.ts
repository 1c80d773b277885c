// The only place of the CLI that reads the environment. Light: it is loaded before any command is known.
import { homedir } from 'node:os'

export type Environment = {
  url: string | undefined
  token: string | undefined
  noColor: boolean
  home: string
  cwd: string
  /** The program that opens an address in a browser; undefined where nobody would see one. */
  opener: string | undefined
}

export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  return {
    url: env.DAYBREAK_URL || undefined,
    token: env.DAYBREAK_TOKEN || undefined,
    noColor: Boolean(env.NO_COLOR), // https://no-color.org: any value but the empty one
    home: env.HOME || homedir(),
    cwd: process.cwd(),
    opener: openerOf(env),
  }
}

function openerOf(env: NodeJS.ProcessEnv): string | undefined {
  if (process.platform === 'darwin') return env.SSH_CONNECTION ? undefined : 'open'
  return env.DISPLAY || env.WAYLAND_DISPLAY ? 'xdg-open' : undefined
}
