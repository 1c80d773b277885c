import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { ExecutionContext } from 'ava'
import pg from 'pg'
import { signal } from '../../src/postgres/pidFile.ts'
import { type PostgresOptions, startPostgres } from '../../src/postgres/start.ts'
import { until } from '../support/until.ts'

export const START = new URL('../../src/postgres/start.ts', import.meta.url).href

export type Home = { folder: string; dataDir: string; options: PostgresOptions }

/** A folder that PostgreSQL's user can reach; the server on it is stopped and the folder removed after the test. */
export function aHome(t: ExecutionContext): Home {
  const folder = openFolder('daybreak-pg-')
  const dataDir = path.join(folder, 'data')
  t.teardown(async () => {
    // Not SIGKILL, after which shared memory stays behind.
    for (const pid of serversBelow(folder)) signal(pid, 'SIGQUIT')
    await until(() => serversBelow(folder).length === 0)
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  })
  return { folder, dataDir, options: { dataDir, binariesDir: sharedBinaries() } }
}

function openFolder(prefix: string): string {
  const ram = fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir()
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(ram, prefix)))
  fs.chmodSync(folder, 0o755)
  return folder
}

let binaries: string | undefined

/** Outside the homes, whose contents tests compare; used only where PostgreSQL's user cannot read this clone. */
function sharedBinaries(): string {
  if (binaries === undefined) {
    const folder = openFolder('daybreak-pg-bin-')
    process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }))
    binaries = path.join(folder, 'binaries')
  }
  return binaries
}

export type Started = { url: string; port: number; pid: number; adopted: boolean }

/** A process of its own that starts the cluster, says so in one line, and stays. */
export function spawnStarter(t: ExecutionContext, options: PostgresOptions, start = START) {
  const script = `
    const { startPostgres } = await import(${JSON.stringify(start)})
    const db = await startPostgres(${JSON.stringify(options)})
    console.log(JSON.stringify({ url: db.url(), port: db.port, pid: db.pid, adopted: db.adopted }))
    setInterval(() => {}, 60_000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  return child
}

export async function started(child: ChildProcess): Promise<Started> {
  const line = await Promise.race([
    once(createInterface({ input: child.stdout! }), 'line').then(([text]) => String(text)),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the starting process ended with ${code}`))),
  ])
  return JSON.parse(line)
}

export async function killHard(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

export async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

export async function startWithRow(options: PostgresOptions) {
  const db = await startPostgres(options)
  await query(db.url(), 'create table kept as select 42 as answer')
  return db
}

export async function keepsRow(url: string): Promise<boolean> {
  const [row] = await query(url, 'select answer from kept')
  return row?.answer === 42
}

/** Living processes, and no zombies, whose command line names the folder; the caller is not among them. */
export function serversBelow(folder: string): number[] {
  const { stdout } = spawnSync('ps', ['-ww', '-eo', 'pid=,stat=,args='], { encoding: 'utf8' })
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, stat, program]) => !stat?.startsWith('Z') && /\/(postgres|initdb)$/.test(program ?? ''))
    .filter((words) => words.some((word) => word.startsWith(`${folder}/`) && !/\/bin\/(postgres|initdb)$/.test(word)))
    .map(([pid]) => Number(pid))
}
