// Which server, and as whom: flags, then the environment, then what `login` stored, then what `up` left here.
// A token goes only to the server that it was found with, unless both were named by the caller.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import type { Environment } from './config.ts'
import { CliFailure, usage } from './failure.ts'

export type Connection = { url: string; token: string | undefined; from: string }
export type Flags = { url?: string | undefined; token?: string | undefined }

const Stored = z.object({ url: z.string().min(1), token: z.string().min(1) })
const Homes = z.record(z.string(), z.string())

export function findConnection(flags: Flags, environment: Environment): Connection | undefined {
  const named: Connection | undefined = flags.url
    ? { url: flags.url, token: flags.token, from: 'the command line' }
    : environment.url
      ? { url: environment.url, token: flags.token ?? environment.token, from: 'DAYBREAK_URL' }
      : undefined
  const token = flags.token ?? environment.token
  if (!named) {
    const stored = storedConnections(environment).next().value
    return stored && { ...stored, token: token ?? stored.token }
  }
  const url = normaliseUrl(named.url)
  if (named.token) return { ...named, url }
  if (environment.token && environment.url && normaliseUrl(environment.url) === url) {
    return { ...named, url, token: environment.token }
  }
  for (const stored of storedConnections(environment)) {
    if (stored.url === url) return { ...named, url, token: stored.token }
  }
  return { ...named, url }
}

export function userFile(environment: Environment): string {
  return path.join(environment.home, '.config', 'daybreak', 'config.json')
}

/** What `login` stored for this person. */
export function readUserFile(environment: Environment): Connection | undefined {
  return readStored(userFile(environment))
}

function* storedConnections(environment: Environment): Generator<Connection, undefined> {
  const files = [
    () => userFile(environment),
    () => path.join(environment.cwd, '.daybreak', 'cli.json'),
    () => upFile(environment),
  ]
  for (const file of files) {
    const name = file()
    const stored = name === undefined ? undefined : readStored(name)
    if (stored) yield stored
  }
}

/** `up` keeps its data elsewhere where the clone is closed to PostgreSQL's user, and notes where. */
function upFile(environment: Environment): string | undefined {
  const homes = readJson(path.join(environment.home, '.config', 'daybreak', 'up-homes.json'), Homes)
  if (!homes) return undefined
  for (let folder = environment.cwd; ; folder = path.dirname(folder)) {
    const home = Object.hasOwn(homes, folder) ? homes[folder] : undefined
    if (home !== undefined) return path.join(home, 'cli.json')
    if (folder === path.dirname(folder)) return undefined
  }
}

function readStored(file: string): Connection | undefined {
  const stored = readJson(file, Stored)
  return stored && { url: normaliseUrl(stored.url), token: stored.token, from: file }
}

function readJson<T extends z.ZodType>(file: string, shape: T): z.output<T> | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw new CliFailure(`${file} cannot be read.`, {
      detail: error instanceof Error ? error.message : '',
      cause: error,
    })
  }
  try {
    return shape.parse(JSON.parse(text))
  } catch (error) {
    throw new CliFailure(`${file} is damaged.`, { detail: 'Remove it, then try again.', cause: error })
  }
}

function isAbsent(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : ''
  // Another user's home is as good as none.
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES'
}

/** As the client wants it: no slash at the end, and without the API's own prefix. */
export function normaliseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw usage(`"${text}" is not an address of a server.`, 'Write it like https://daybreak.example.com')
  }
  return url.origin + url.pathname.replace(/\/+$/, '').replace(/\/api\/v2$/, '')
}
