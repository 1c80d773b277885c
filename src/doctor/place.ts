// Which database there is to ask: the configured one, or that of the `up` which lives in this home.
import type { Config } from '../config.ts'
import { readRunning } from '../home.ts'
import { findUpDatabase } from '../up/database.ts'
import { failed, type Finding, ok, warning } from './finding.ts'

export type Place = { finding: Finding; urls: { name: string; url: string }[] }

export function findPlace({ databaseUrl, databaseDirectUrl }: Config, home: string): Place {
  if (databaseUrl === undefined) return findUp(home)
  const urls = [{ name: 'database', url: databaseUrl }]
  if (databaseDirectUrl !== undefined && databaseDirectUrl !== databaseUrl) {
    urls.push({ name: 'direct database', url: databaseDirectUrl })
  }
  return { finding: ok('mode', 'server, on DAYBREAK_DATABASE_URL'), urls }
}

function findUp(home: string): Place {
  const running = readRunning(home)
  if (!running) {
    const message = `DAYBREAK_DATABASE_URL is not set, and no \`daybreak up\` runs in ${home}: no database to look at.`
    return { finding: warning('mode', message, 'Start it with npm start, then ask again.'), urls: [] }
  }
  try {
    const url = findUpDatabase(home)
    if (url !== undefined) {
      return { finding: ok('mode', `up, pid ${running.pid}, ${running.url}`), urls: [{ name: 'database', url }] }
    }
    const message = `Pid ${running.pid} works in ${home}, on a database that is not there.`
    const hint = 'Set DAYBREAK_DATABASE_URL as that process has it; or it is starting: ask again.'
    return { finding: warning('mode', message, hint), urls: [] }
  } catch (error) {
    const why = (error as Error).message
    const message = `\`daybreak up\` runs with pid ${running.pid}, but its database is closed to this user: ${why}.`
    return { finding: failed('mode', message, 'Ask as the user that started it.'), urls: [] }
  }
}
