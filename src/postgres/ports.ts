import { randomInt } from 'node:crypto'
import fs from 'node:fs'
import net from 'node:net'
import { Refusal } from '../domain/errors.ts'

// Linux hands out ports from 32768 up to outgoing connections; one of those could hold ours when we start again.
const FIRST = 15_000
const LAST = 32_000
const TRIES = 100 // of 17,000 ports, so that this many misses in a row mean something else is wrong

/** The stored port when it is free, else a random free one. */
export async function choosePort(stored: number | undefined, taken: ReadonlySet<number>): Promise<number> {
  if (stored !== undefined && !taken.has(stored) && (await isFree(stored))) return stored
  for (let tried = 0; tried < TRIES; tried++) {
    const port = randomInt(FIRST, LAST)
    if (!taken.has(port) && (await isFree(port))) return port
  }
  throw new Refusal(
    'unavailable',
    `PostgreSQL needs a free port of 127.0.0.1 from ${FIRST} to ${LAST}, and none of ${TRIES} tried is: ` +
      'stop what holds them',
  )
}

export function readPort(file: string): number | undefined {
  if (!fs.existsSync(file)) return undefined
  const port = Number(readOrNothing(file))
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  throw new Refusal(
    'unavailable',
    `The port of PostgreSQL cannot be read from ${file}: delete that file and start again, and a new port is chosen`,
  )
}

/** Renamed into place: a reader never meets half a number. */
export function storePort(file: string, port: number): void {
  const staging = `${file}.${process.pid}`
  fs.writeFileSync(staging, `${port}\n`, { mode: 0o644 })
  fs.renameSync(staging, file)
}

function readOrNothing(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
