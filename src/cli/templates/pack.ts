// Packs a template's folder. The same files give the same bytes, so that the server knows what it has already.
import { lstat, readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { pack as createTar } from 'tar-stream'
import { CliFailure } from '../failure.ts'

/** Templates are text; whoever has more packed the wrong folder. */
export const MAX_ENTRIES = 2000
/** Well below what a server takes in one request. */
export const MAX_BYTES = 20 * 1024 * 1024
/** Never part of a template. `.daybreak` holds the data and the secrets of `daybreak up`. */
const SKIPPED = new Set(['.git', 'node_modules', '.daybreak', '.DS_Store'])
const MANIFEST = 'daybreak.yaml'

export type Packed = { bytes: Uint8Array; files: number }
type Limits = { maxEntries: number; maxBytes: number }
type Found = { name: string; file: string; size: number; executable: boolean }

export async function pack(
  folder: string,
  limits: Limits = { maxEntries: MAX_ENTRIES, maxBytes: MAX_BYTES },
): Promise<Packed> {
  await refuseOtherFolders(folder)
  const files = await walk(folder, limits)
  const tar = createTar()
  const bytes = buffer(tar)
  for (const { name, file, executable } of files) {
    const content = await readFile(file)
    tar.entry(
      { name, mode: executable ? 0o755 : 0o644, mtime: new Date(0), uid: 0, gid: 0, size: content.length },
      content,
    )
  }
  tar.finalize()
  return { bytes: await bytes, files: files.length }
}

async function refuseOtherFolders(folder: string): Promise<void> {
  const found = await lstatOrNothing(folder)
  if (!found) throw new CliFailure(`There is no folder ${folder}.`)
  const manifest = await lstatOrNothing(path.join(folder, MANIFEST))
  if (manifest?.isFile()) return
  throw new CliFailure(`${folder} is not a template: it has no file ${MANIFEST}.`, {
    detail: 'examples/templates has some to start from.',
  })
}

/** Files in the order of their names, wherever the file system keeps them. */
async function walk(root: string, { maxEntries, maxBytes }: Limits): Promise<Found[]> {
  const found: Found[] = []
  let bytes = 0
  const visit = async (folder: string): Promise<void> => {
    const names = (await readdir(folder)).filter((name) => !SKIPPED.has(name)).toSorted()
    for (const each of names) {
      const file = path.join(folder, each)
      const name = path.relative(root, file).split(path.sep).join('/')
      const stat = await lstat(file)
      if (stat.isDirectory()) {
        await visit(file)
        continue
      }
      if (!stat.isFile()) throw new CliFailure(`${name} is ${kindOf(stat)}: a template has only files and folders.`)
      found.push({ name, file, size: stat.size, executable: (stat.mode & 0o111) !== 0 })
      bytes += stat.size
      if (found.length > maxEntries) throw tooLarge(`more than ${maxEntries} files`)
      if (bytes > maxBytes) throw tooLarge(`more than ${Math.floor(maxBytes / 1024 / 1024)} MiB, counted up to ${name}`)
    }
  }
  await visit(root)
  return found
}

function kindOf(stat: { isSymbolicLink(): boolean }): string {
  return stat.isSymbolicLink() ? 'a symbolic link' : 'not a regular file'
}

function tooLarge(what: string): CliFailure {
  return new CliFailure(`This folder is too large for a template: ${what}.`, { detail: 'Is it the right one?' })
}

async function lstatOrNothing(file: string) {
  try {
    return await lstat(file)
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return undefined
    throw error
  }
}
