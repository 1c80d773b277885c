// A copy of the binaries for a user that cannot reach node_modules. Root owns it and nobody else may write to it, and
// each file is compared with its source before use: whoever could change it would run programs in our name.
import { hash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { unavailable } from './failures.ts'
import { makeFolders, makeStaging } from './folders.ts'

type SourceFile = { name: string; mode: number; sha256: string }

const WRITABLE_BY_OTHERS = 0o022

/** The folder of a copy whose every file equals its source; its name follows from the contents. */
export function copyOf(native: string, binariesDir: string): string {
  const source = listFiles(native)
  const name = hash('sha256', source.map((file) => `${file.sha256} ${file.name}\n`).join('')).slice(0, 16)
  const copy = path.join(path.resolve(binariesDir), name)
  makeFolders(path.dirname(copy))
  if (!isPrivate(path.dirname(copy))) {
    throw unavailable(
      `${path.dirname(copy)} must belong to this user, and nobody else may write to it, ` +
        'since the PostgreSQL binaries are kept there: choose another home, or correct its owner and mode',
    )
  }
  if (isFaithful(copy, source)) return copy

  const staging = makeStaging(copy)
  try {
    writeCopy(native, staging, source)
    // A copy that is there by now was made by another process, and one that is not faithful gives way.
    if (isFaithful(copy, source)) return copy
    if (fs.existsSync(copy)) fs.renameSync(copy, path.join(staging, 'replaced'))
    fs.renameSync(staging, copy)
    fs.rmSync(path.join(copy, 'replaced'), { recursive: true, force: true })
  } catch (error) {
    if (!isFaithful(copy, source)) throw error
  } finally {
    fs.rmSync(staging, { recursive: true, force: true })
  }
  return copy
}

function listFiles(native: string): SourceFile[] {
  return fs
    .readdirSync(native, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(native, path.join(entry.parentPath, entry.name)))
    .toSorted()
    .map((name) => {
      const file = path.join(native, name)
      // Never the source's own mode, which may allow too little or too much.
      const mode = fs.statSync(file).mode & 0o111 ? 0o755 : 0o644
      return { name, mode, sha256: hash('sha256', fs.readFileSync(file)) }
    })
}

function isFaithful(copy: string, source: readonly SourceFile[]): boolean {
  if (!isPrivate(copy)) return false
  return source.every(({ name, sha256 }) => {
    const file = path.join(copy, name)
    return isPrivate(path.dirname(file)) && isPrivate(file) && hash('sha256', fs.readFileSync(file)) === sha256
  })
}

/** Ours, no link, and written to by nobody else. */
function isPrivate(file: string): boolean {
  const stat = fs.lstatSync(file, { throwIfNoEntry: false })
  if (!stat || stat.isSymbolicLink()) return false
  return stat.uid === process.getuid?.() && (stat.mode & WRITABLE_BY_OTHERS) === 0
}

function writeCopy(native: string, staging: string, source: readonly SourceFile[]): void {
  fs.chmodSync(staging, 0o755)
  for (const { name, mode } of source) {
    const file = path.join(staging, name)
    makeFolders(path.dirname(file))
    fs.copyFileSync(path.join(native, name), file)
    fs.chmodSync(file, mode)
  }
}
