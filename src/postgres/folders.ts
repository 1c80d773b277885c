import fs from 'node:fs'
import path from 'node:path'
import { isAlive } from './pidFile.ts'

/** Open to PostgreSQL's user whatever our umask is; folders that exist keep their mode. */
export function makeFolders(folder: string): void {
  const first = fs.mkdirSync(folder, { recursive: true })
  if (!first) return
  for (let made = folder; made.length >= first.length; made = path.dirname(made)) fs.chmodSync(made, 0o755)
}

/** A private folder beside its later place, to be renamed into it; what killed processes left there goes. */
export function makeStaging(place: string): string {
  removeLeftOvers(place)
  return fs.mkdtempSync(`${place}.new-${process.pid}-`)
}

function removeLeftOvers(place: string): void {
  const parent = path.dirname(place)
  const prefix = `${path.basename(place)}.new-`
  for (const name of fs.readdirSync(parent)) {
    const pid = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : 0
    if (!(pid > 0) || isAlive(pid)) continue
    try {
      fs.rmSync(path.join(parent, name), { recursive: true, force: true, maxRetries: 3 })
    } catch {
      // Another process removes it too, or an orphaned initdb still writes there and fails by itself: the next start
      // finds what stays.
    }
  }
}
