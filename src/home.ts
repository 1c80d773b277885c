// The folder that one Daybreak process owns: its PostgreSQL, its workspaces, its keys.
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import type { Config } from './config.ts'
import { Refusal } from './domain/errors.ts'
import { makeFolders } from './postgres/folders.ts'
import { homeReachable } from './postgres/owner.ts'
import { isAlive, startTimeOf } from './provisioners/process/processes.ts'

const LOCK = 'running.json'

export const CLONE = path.resolve(import.meta.dirname, '..')

/**
 * `./.daybreak`, or what DAYBREAK_HOME says. As root, where the unprivileged user that PostgreSQL must run as cannot
 * reach the clone: a folder of the clone's own below /var/lib, so that two clones never share a database.
 */
export function resolveHome(config: Config): string {
  if (config.home !== undefined) return config.home
  const usual = path.join(CLONE, '.daybreak')
  if (homeReachable(usual)) return usual
  return path.join('/var/lib/daybreak', createHash('sha256').update(CLONE).digest('hex').slice(0, 12))
}

export type HomeLock = { describe(url: string): void; release(): void }

/**
 * One process a home. Throws when another one lives in it. Of two that start over a dead one's file at the same moment
 * both may pass here; the lock in the database then stops one of them.
 */
export function lockHome(home: string): HomeLock {
  makeFolders(home)
  const file = path.join(home, LOCK)
  const own = { pid: process.pid, startTime: startTimeOf(process.pid), url: '(starting)' }
  const running = readRunning(home)
  if (running) throw alreadyRunning(home, running)
  fs.rmSync(file, { force: true })
  fs.writeFileSync(file, JSON.stringify(own), { mode: 0o600 })
  return {
    describe: (url) => fs.writeFileSync(file, JSON.stringify({ ...own, url }), { mode: 0o600 }),
    release: () => fs.rmSync(file, { force: true }),
  }
}

export function alreadyRunning(home: string, running?: { pid: number; url: string }): Refusal {
  const who = running ? `: pid ${running.pid}, ${running.url}` : ''
  return new Refusal('conflict', `Daybreak is already running in ${home}${who}.`, {
    detail: 'Stop it with Ctrl-C in its terminal, or choose another folder with DAYBREAK_HOME.',
  })
}

const Lock = z.object({ pid: z.int().positive(), startTime: z.string().nullable(), url: z.string() })

/** The process that lives in this home now. */
export function readRunning(home: string): { pid: number; url: string } | undefined {
  try {
    const lock = Lock.parse(JSON.parse(fs.readFileSync(path.join(home, LOCK), 'utf8')))
    return isAlive(lock) ? lock : undefined
  } catch {
    return undefined // none, or half written by one that was killed
  }
}

/** Made once; workspaces of in-place drivers can only be worked on where they live. */
export function readHostId(home: string): string {
  return readOrMake(path.join(home, 'host-id'), () => randomUUID())
}

/** Base64 of 32 bytes, for sealing what the database keeps. */
export function readSecretKey(home: string): string {
  return readOrMake(secretKeyFile(home), () => randomBytes(32).toString('base64'))
}

export function secretKeyFile(home: string): string {
  return path.join(home, 'secret.key')
}

function readOrMake(file: string, make: () => string): string {
  try {
    return fs.readFileSync(file, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    const text = make()
    fs.writeFileSync(file, `${text}\n`, { mode: 0o600, flag: 'wx' })
    return text
  }
}
