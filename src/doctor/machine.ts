// What can be said about this machine without asking anybody.
import fs from 'node:fs'
import path from 'node:path'
import type { Config } from '../config.ts'
import { Refusal } from '../domain/errors.ts'
import { secretKeyFile } from '../home.ts'
import { homeReachable } from '../postgres/owner.ts'
import { hasProc } from '../provisioners/process/processes.ts'
import { createSealer } from '../seal.ts'
import { failed, type Finding, ok, warning } from './finding.ts'

/** Runs TypeScript without a flag and without a warning. */
const MINIMUM_NODE = [24, 12] as const
const MIB = 1024 * 1024
/** PostgreSQL alone writes up to 1 GiB of log between two checkpoints, and workspaces live here too. */
const LOW_DISK_BYTES = 1024 * MIB
/** PostgreSQL stops at a full disk, and nothing can be claimed then. */
const FULL_DISK_BYTES = 100 * MIB
const OTHERS_MAY_READ = 0o044

export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  const isNew = major > MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor >= MINIMUM_NODE[1])
  if (isNew) return ok('node', `Node ${version}`)
  return failed(
    'node',
    `Node ${version} is too old: ${MINIMUM_NODE.join('.')} or newer is needed.`,
    'Run npm ci: it brings one.',
  )
}

/** PostgreSQL of `up`, and workspaces of the process driver, live in the home. */
export function checkHome(home: string): Finding {
  let existing = home
  while (!fs.existsSync(existing)) existing = path.dirname(existing)
  try {
    fs.accessSync(existing, fs.constants.W_OK | fs.constants.X_OK)
  } catch {
    return failed('home', `${existing} cannot be written by this user.`, 'Choose another folder with DAYBREAK_HOME.')
  }
  if (!homeReachable(home)) {
    return failed(
      'home',
      `${home} is closed to the user that PostgreSQL runs as.`,
      'Choose a folder with DAYBREAK_HOME that every user may pass through, for example below /var/lib.',
    )
  }
  const { bavail, bsize } = fs.statfsSync(existing)
  return judgeDisk(home, bavail * bsize)
}

export function judgeDisk(home: string, freeBytes: number): Finding {
  const free = `${home} has ${Math.round(freeBytes / MIB).toLocaleString('en')} MiB free`
  if (freeBytes < FULL_DISK_BYTES) return failed('home', `${free}.`, 'Make room: PostgreSQL stops at a full disk.')
  if (freeBytes < LOW_DISK_BYTES) return warning('home', `${free}.`, 'Make room, or move the home with DAYBREAK_HOME.')
  return ok('home', free)
}

export function checkDriver({ uidBase }: Config): Finding {
  if (!hasProc()) {
    return warning(
      'process driver',
      'There is no /proc: processes that leave their group are not found, and workspaces share one user.',
      'Good enough to try Daybreak; run it on Linux for more.',
    )
  }
  if (process.getuid?.() !== 0) {
    return warning(
      'process driver',
      'Not root: workspaces share one user, so this driver does not isolate them from each other or from the server.',
      'Run it as root, or only for people who trust each other.',
    )
  }
  return ok('process driver', `root: each workspace is a user of its own, from id ${uidBase}`)
}

/** `up` keeps one in its home; a server is given one. */
export function checkSecretKey(config: Config, home: string): Finding {
  if (config.secretKeys.length > 0 || config.databaseUrl !== undefined) {
    try {
      createSealer(config.secretKeys)
      return ok('secret key', `${config.secretKeys.length} in DAYBREAK_SECRET_KEY; the first seals`)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return failed('secret key', error.message, error.detail ?? '')
    }
  }
  const file = secretKeyFile(home)
  const stat = fs.statSync(file, { throwIfNoEntry: false })
  if (!stat) return ok('secret key', `${file} is made at the first start`)
  if ((stat.mode & OTHERS_MAY_READ) !== 0) {
    return warning('secret key', `Others may read ${file}.`, `Close it: chmod 600 ${file}`)
  }
  return ok('secret key', file)
}
