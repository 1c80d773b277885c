// What agents are started from: copies that every workspace's user can read and none can change. The clone itself may
// lie in a home directory that is closed to them.
import { createHash } from 'node:crypto'
import { constants, createReadStream } from 'node:fs'
import { chmod, copyFile, link, mkdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { bundleAgent } from './bundle.ts'
import type { Paths } from './paths.ts'

export type Runtime = { node: string; bundle: string }

export async function prepareRuntime(paths: Paths, options: { isRoot: boolean }): Promise<Runtime> {
  await mkdir(paths.runtime, { recursive: true, mode: 0o755 })
  if (!options.isRoot) return { node: process.execPath, bundle: await bundleAgent(paths.runtime) }
  await openPath(paths)
  const bundle = await bundleAgent(paths.runtime)
  await chmod(bundle, 0o644)
  return { node: await copyNode(paths.runtime), bundle }
}

/** Lets the workspaces' users pass through, not look around; each directory below is closed to all but its own. */
async function openPath(paths: Paths): Promise<void> {
  for (const directory of [paths.workspaces, paths.agents]) {
    await mkdir(directory, { recursive: true, mode: 0o711 })
    await chmod(directory, 0o711)
  }
  await chmod(paths.runtime, 0o755)
  const { mode } = await stat(paths.home)
  if ((mode & 0o011) !== 0o011) await chmod(paths.home, (mode | 0o011) & 0o7777)
}

async function copyNode(runtimeDir: string): Promise<string> {
  const original = process.execPath
  const copy = join(runtimeDir, 'node')
  if (await isSame(original, copy)) return copy
  const draft = `${copy}.${process.pid}`
  try {
    await linkOrCopy(original, draft)
    if (!(await isOnlyRoots(draft))) await chmod(draft, 0o755)
    await rename(draft, copy)
  } finally {
    // Half a copy must not keep a full disk full.
    await rm(draft, { force: true })
  }
  if (!(await isSame(original, copy))) throw new Error(`${copy} differs from ${original} right after it was copied`)
  return copy
}

async function linkOrCopy(original: string, draft: string): Promise<void> {
  await rm(draft, { force: true })
  if (await isOnlyRoots(original)) {
    // Not possible from another file system.
    const isLinked = await link(original, draft).then(
      () => true,
      () => false,
    )
    if (isLinked) return
  }
  await copyFile(original, draft, constants.COPYFILE_FICLONE)
}

/** A hard link is as good as a copy only if nobody but root can change the file, and everybody can run it. */
async function isOnlyRoots(path: string): Promise<boolean> {
  const { uid, mode } = await stat(path)
  return uid === 0 && (mode & 0o022) === 0 && (mode & 0o005) === 0o005
}

async function isSame(original: string, copy: string): Promise<boolean> {
  try {
    const [a, b] = await Promise.all([stat(original), stat(copy)])
    if (!(await isOnlyRoots(copy)) || a.size !== b.size) return false
    if (a.ino === b.ino && a.dev === b.dev) return true
    return (await sha256(original)) === (await sha256(copy))
  } catch {
    return false
  }
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash)
  return hash.digest('hex')
}
