// Runs one script in its own process group, so that ending it ends all that it started in the foreground.
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { pause } from './backoff.ts'
import { createLineSplitter } from './lines.ts'
import type { LogSink } from './logs.ts'
import { endGroup } from './processGroup.ts'

/** Between SIGTERM and SIGKILL. */
export const KILL_GRACE_MS = 5_000
/** A killed process that does not go (a dead network disk) must not hold up the agent for ever. */
const UNKILLABLE_MS = 2_000

export type ScriptOutcome = 'ok' | 'failed' | 'timeout' | 'stopped'
export type RunningScript = {
  done: Promise<ScriptOutcome>
  stop(graceMs: number): Promise<void>
}

export type ScriptRun = {
  script: string
  cwd: string
  env: Record<string, string>
  timeoutMs: number
  killGraceMs: number
  logs: LogSink
}

type Child = ChildProcessByStdio<null, Readable, Readable>

export function startScript(run: ScriptRun): RunningScript {
  const { logs, timeoutMs, killGraceMs } = run
  let ending: 'timeout' | 'stopped' | undefined
  let child: Child
  try {
    child = spawn('/bin/sh', ['-c', run.script], {
      cwd: run.cwd,
      env: run.env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  } catch (error) {
    logs.write('error', `could not be started: ${messageOf(error)}`)
    return { done: Promise.resolve('failed'), stop: async () => {} }
  }
  const exited = whenExited(child, logs)
  pipeLines(child.stdout, (line) => logs.write('info', line))
  pipeLines(child.stderr, (line) => logs.write('error', line))

  async function end(reason: 'timeout' | 'stopped', graceMs: number): Promise<void> {
    ending ??= reason
    if (child.pid === undefined) return
    await endGroup(child.pid, graceMs)
    await Promise.race([exited, pause(UNKILLABLE_MS)])
  }

  async function watch(): Promise<ScriptOutcome> {
    const finished = new AbortController()
    const inTime = exited.then(() => finished.abort())
    await Promise.race([inTime, pause(timeoutMs, finished.signal)])
    if (!finished.signal.aborted && !ending) {
      logs.write('error', `did not end within ${timeoutMs / 1000} s and is being stopped`)
      await end('timeout', killGraceMs)
    }
    if (ending) return ending
    const { code, reason } = await exited
    if (code !== 0) logs.write('error', reason)
    return code === 0 ? 'ok' : 'failed'
  }

  let running = true
  const done = watch().finally(() => {
    running = false
  })
  return {
    done,
    async stop(graceMs) {
      // What a finished script left in the background is the workspace's own, for example a warmed-up service.
      if (running) await end('stopped', graceMs)
    },
  }
}

type Exit = { code: number | null; reason: string }

// `exit`, not `close`: a service that the script left in the background keeps the pipes open.
function whenExited(child: Child, logs: LogSink): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      resolve({ code, reason: signal ? `was ended by ${signal}` : `ended with exit code ${code}` })
    })
    child.once('error', (error) => {
      if (child.pid === undefined) resolve({ code: null, reason: `could not be started: ${error.message}` })
      else logs.write('warn', error.message)
    })
  })
}

function pipeLines(stream: Readable, onLine: (line: string) => void): void {
  const splitter = createLineSplitter(onLine)
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => splitter.write(text))
  stream.on('end', () => splitter.end())
  stream.on('error', () => splitter.end())
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
