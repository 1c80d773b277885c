// The files of a workspace, each made for its user. What root writes where this user can change things is created
// exclusively and given away through its descriptor, so that a link planted there is an error and never followed.
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, lchown, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { agentDir, agentsDir, type Paths, workspaceDir } from './paths.ts'

const NEW_FILE = constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW | constants.O_WRONLY

export type Place = { paths: Paths; workspaceId: string; uid: number | null }

/** True when the workspace's directory was made now. */
export async function makeDirectories(place: Place, agentNames: readonly string[]): Promise<boolean> {
  const { paths, workspaceId, uid } = place
  const isNew = await makeOwned(workspaceDir(paths, workspaceId), uid)
  await mkdir(agentsDir(paths, workspaceId), { recursive: true, mode: 0o711 })
  for (const name of agentNames) await makeOwned(agentDir(paths, workspaceId, name), uid)
  return isNew
}

export async function removeDirectories({ paths, workspaceId }: Place): Promise<void> {
  await rm(workspaceDir(paths, workspaceId), { recursive: true, force: true })
  await rm(agentsDir(paths, workspaceId), { recursive: true, force: true })
}

export function tokenFile({ paths, workspaceId }: Place, agentName: string): string {
  return join(agentDir(paths, workspaceId, agentName), 'token')
}

export async function writeToken(place: Place, agent: { name: string; token: string }): Promise<void> {
  const draft = join(agentDir(place.paths, place.workspaceId, agent.name), `token.${randomUUID()}`)
  await using file = await openNew(draft, place.uid)
  await file.writeFile(agent.token)
  await rename(draft, tokenFile(place, agent.name))
}

/** The agent's own log, empty again at each start; the agent bounds what it writes. */
export async function openAgentLog(place: Place, agentName: string): Promise<FileHandle> {
  const path = join(agentDir(place.paths, place.workspaceId, agentName), 'agent.log')
  await rm(path, { recursive: true, force: true })
  return openNew(path, place.uid)
}

async function openNew(path: string, uid: number | null): Promise<FileHandle> {
  const file = await open(path, NEW_FILE, 0o600)
  if (uid !== null) await file.chown(uid, uid)
  return file
}

async function makeOwned(directory: string, uid: number | null): Promise<boolean> {
  const isNew = (await mkdir(directory, { recursive: true, mode: 0o700 })) !== undefined
  if (uid !== null && (await stat(directory)).uid !== uid) await giveAway(directory, uid)
  return isNew
}

/** Only while nothing of this workspace runs. */
async function giveAway(directory: string, uid: number): Promise<void> {
  for (const name of await readdir(directory, { recursive: true })) await lchown(join(directory, name), uid, uid)
  await lchown(directory, uid, uid)
}
