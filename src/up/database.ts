// Where `up` keeps its PostgreSQL, and how another process of the same user finds it.
import fs from 'node:fs'
import path from 'node:path'
import { PASSWORD_FILE } from '../postgres/initialise.ts'
import { readPidFile } from '../postgres/pidFile.ts'
import { readPort } from '../postgres/ports.ts'

export const DATABASE = 'daybreak'

export function dataDirOf(home: string): string {
  return path.join(home, 'postgres')
}

/** Undefined where there is none. Throws where this user may not read its password. */
export function findUpDatabase(home: string): string | undefined {
  const dataDir = dataDirOf(home)
  const port = readPidFile(dataDir)?.port ?? readPort(`${dataDir}.port`)
  if (port === undefined) return undefined
  const password = fs.readFileSync(path.join(dataDir, PASSWORD_FILE), 'utf8')
  return `postgres://postgres:${password}@127.0.0.1:${port}/${DATABASE}`
}
