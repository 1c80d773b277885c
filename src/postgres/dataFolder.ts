import fs from 'node:fs'
import path from 'node:path'
import { unavailable } from './failures.ts'
import { makeFolders } from './folders.ts'
import { assertReachable, PASSWORD_FILE } from './initialise.ts'
import type { Owner } from './owner.ts'

/** One name for one folder: a running server is recognised by the name it was started with. */
export function placeOf(dataDir: string): string {
  const place = path.resolve(dataDir)
  if (fs.existsSync(place)) return fs.realpathSync(place)
  makeFolders(path.dirname(place))
  return path.join(fs.realpathSync(path.dirname(place)), path.basename(place))
}

export function isUnused(dataDir: string): boolean {
  return !fs.existsSync(dataDir) || fs.readdirSync(dataDir).length === 0
}

/** Refuses a folder that these binaries, their user or we cannot work with. */
export function assertUsable(dataDir: string, major: string, owner: Owner | undefined): void {
  assertReachable(dataDir, dataDir, owner)
  const versionFile = path.join(dataDir, 'PG_VERSION')
  if (!fs.existsSync(versionFile)) {
    throw unavailable(`${dataDir} holds files but no PostgreSQL data: empty it, or choose another folder`)
  }
  const made = fs.readFileSync(versionFile, 'utf8').trim()
  if (made !== major) {
    throw unavailable(
      `${dataDir} was made by PostgreSQL ${made} and this is PostgreSQL ${major}: ` +
        `move the data with pg_dump of version ${made}, or set DAYBREAK_DATABASE_URL to a server of that version`,
    )
  }
  if (!fs.existsSync(path.join(dataDir, PASSWORD_FILE))) {
    throw unavailable(`${dataDir} was not made by Daybreak (${PASSWORD_FILE} is missing): choose another folder`)
  }
}
