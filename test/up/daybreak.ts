// `daybreak` as its own process on a home of its own, to be started, killed and counted.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import type { ExecutionContext } from 'ava'
import { type Client, createClient } from '../../src/contract/client.ts'
import { listPrebuildPools, type PrebuildPool } from '../../src/contract/prebuilds.ts'
import { listProcesses, startedWith } from '../../src/provisioners/process/processes.ts'
import { until } from '../support/until.ts'

const MAIN = path.resolve(import.meta.dirname, '../../src/main.ts')
const UID_RANGE = 10_000
/** Away from the ranges of tests that run servers in their own process. */
const FIRST_UID = 700_000_000

export type Place = { home: string; url: string; uidBase: number; env: Record<string, string> }

export async function aPlace(t: ExecutionContext): Promise<Place> {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'daybreak-up-')))
  fs.chmodSync(folder, 0o755)
  const home = path.join(folder, 'home')
  const listen = `127.0.0.1:${await freePort()}`
  const uidBase = FIRST_UID + randomInt(50_000) * UID_RANGE
  const env = {
    HOME: folder,
    DAYBREAK_HOME: home,
    DAYBREAK_LISTEN: listen,
    DAYBREAK_UID_BASE: String(uidBase),
    DAYBREAK_RATE_LIMITS: 'off',
  }
  const place = { home, url: `http://${listen}`, uidBase, env }
  t.teardown(async () => {
    if (!t.passed) t.log(problemsIn(home))
    // PostgreSQL not by SIGKILL, after which shared memory stays behind.
    for (const pid of postmastersOf(place)) signal(pid, 'SIGQUIT')
    await until(() => postmastersOf(place).length === 0)
    await until(() => processesOf(place).every((pid) => !signal(pid, 'SIGKILL')))
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  })
  return place
}

export type Ended = { code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string }
export type Program = {
  child: ChildProcess
  stdout(): string
  /** Waits for words on the standard output; throws when the program ends without them. */
  says(pattern: RegExp): Promise<RegExpMatchArray>
  ended: Promise<Ended>
}

export type RunOptions = { env: Record<string, string>; args?: readonly string[]; uid?: number }

export function run(t: ExecutionContext, { env, args = ['up'], uid }: RunOptions): Program {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: '/usr/bin:/bin', ...env },
    cwd: '/',
    ...(uid === undefined ? {} : { uid, gid: uid }),
  })
  t.teardown(() => child.kill('SIGKILL'))
  let stdout = ''
  let stderr = ''
  let over: Ended | undefined
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()))
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()))
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, name) => resolve((over = { code, signal: name, stdout, stderr })))
  })
  const says: Program['says'] = async (pattern) => {
    const found = await until(() => pattern.exec(stdout) ?? over)
    if (Array.isArray(found)) return found
    throw new Error(`it ended without saying ${pattern}:\n${stdout}${stderr}`)
  }
  return { child, stdout: () => stdout, says, ended }
}

export async function start(t: ExecutionContext, place: Place): Promise<Program & { client: Client }> {
  const program = run(t, place)
  await program.says(/^ {2}Ctrl-C stops everything/m)
  const { token } = JSON.parse(fs.readFileSync(path.join(place.home, 'cli.json'), 'utf8')) as { token: string }
  return { ...program, client: createClient(place.url, token) }
}

/** Waits until every pool of the example holds what it should. */
export async function full(client: Client): Promise<PrebuildPool[]> {
  return await until(
    () => client(listPrebuildPools, {}),
    (pools) => pools.length > 0 && pools.every(({ ready, desired, starting }) => ready === desired && starting === 0),
  )
}

/** Everything that lives on account of this home: what was started for it, its workspaces' users, their children. */
export function processesOf({ home, uidBase }: Place): number[] {
  const all = listProcesses()
  const found = new Set<number>()
  for (const { pid, uid } of all) {
    const isTenant = uid >= uidBase && uid < uidBase + UID_RANGE
    if (isTenant || startedWith(pid, 'DAYBREAK_HOME') === home || argumentsOf(pid).includes(`${home}/`)) found.add(pid)
  }
  for (let before = -1; before !== found.size; ) {
    before = found.size
    for (const { pid } of all) if (found.has(parentOf(pid))) found.add(pid)
  }
  return [...found]
}

export function postmastersOf({ home }: Place): number[] {
  return listProcesses()
    .map(({ pid }) => pid)
    .filter((pid) => argumentsOf(pid).includes(`-D ${home}/postgres `) && /\/postgres /.test(argumentsOf(pid)))
}

export function agentsOf({ home }: Place): number[] {
  return listProcesses()
    .map(({ pid }) => pid)
    .filter((pid) => argumentsOf(pid).includes(`${home}/runtime/agent-`))
    .toSorted((a, b) => a - b)
}

/** True when there was somebody to receive it. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}

/** A port below those that Linux gives to outgoing connections. */
export async function freePort(): Promise<number> {
  const port = randomInt(20_000, 32_000)
  const server = net.createServer()
  const isFree = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
  return isFree ? port : await freePort()
}

/** The last of what its log says went wrong. */
function problemsIn(home: string): string {
  const file = path.join(home, 'daybreak.log')
  const lines = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n') : []
  return lines
    .filter((line) => /^\{"level":(40|50|60),/.test(line))
    .slice(-10)
    .join('\n')
}

function argumentsOf(pid: number): string {
  return readProc(pid, 'cmdline').replaceAll('\0', ' ')
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)/m.exec(readProc(pid, 'status'))?.[1] ?? 0)
}

function readProc(pid: number, file: string): string {
  try {
    return fs.readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return '' // it has ended
  }
}
