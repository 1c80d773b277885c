// What the agent does for one manifest, that is for one owner: its scripts, their logs and its lifecycle.
import type { AgentManifest, AgentScript, LifecycleState } from '../contract/agentApi.ts'
import type { Api } from './api.ts'
import { pause } from './backoff.ts'
import type { AgentConfig } from './config.ts'
import { scriptEnvironment, workingDirectory } from './environment.ts'
import { createLifecycle } from './lifecycle.ts'
import type { Log } from './log.ts'
import { createLogSink, type LogSink } from './logs.ts'
import { KILL_GRACE_MS, type RunningScript, type ScriptOutcome, startScript } from './scripts.ts'

/** For a script whose manifest says 0. */
const DEFAULT_TIMEOUT_SECONDS = 300
/** All stop scripts together get ten seconds, the last one of them between SIGTERM and SIGKILL. */
const STOP_SCRIPTS_MS = 9_000
const STOP_KILL_GRACE_MS = 1_000
/** Start scripts that still run when the workspace stops get less time than usual: the stop scripts need it. */
const SHUTDOWN_GRACE_MS = 2_000
/** The last logs and states, when the server is slow or away. */
const FLUSH_MS = 2_000

export type Session = {
  manifest: AgentManifest
  start(): Promise<void>
  /** Ends the scripts and everything that was still to be sent: nothing more is said in this agent's name. */
  abandon(): Promise<void>
  shutDown(): Promise<void>
}

type Parts = { config: AgentConfig; api: Api; log: Log; manifest: AgentManifest }
type Limits = { longestMs: number; killGraceMs: number; mayStart: () => boolean }

const ON_START = { longestMs: Infinity, killGraceMs: KILL_GRACE_MS }
const ON_STOP: Limits = { longestMs: STOP_SCRIPTS_MS, killGraceMs: STOP_KILL_GRACE_MS, mayStart: () => true }

export function createSession({ config, api, log, manifest }: Parts): Session {
  const ended = new AbortController()
  const reporting = { api, agentId: manifest.agent_id, signal: ended.signal }
  const lifecycle = createLifecycle({ ...reporting, log })
  const sinks = new Map<string, LogSink>()
  const running = new Set<RunningScript>()
  let stopping = false

  function sinkOf({ log_source_id: sourceId }: AgentScript): LogSink {
    const sink = sinks.get(sourceId) ?? createLogSink({ ...reporting, sourceId })
    sinks.set(sourceId, sink)
    return sink
  }

  async function runOne(script: AgentScript, cwd: string, limits: Limits): Promise<ScriptOutcome> {
    const timeoutMs = Math.min((script.timeout_seconds || DEFAULT_TIMEOUT_SECONDS) * 1000, limits.longestMs)
    const env = scriptEnvironment(config, manifest)
    const logs = sinkOf(script)
    const one = startScript({ script: script.script, cwd, env, timeoutMs, killGraceMs: limits.killGraceMs, logs })
    running.add(one)
    const outcome = await one.done
    running.delete(one)
    log(`script ${script.display_name}: ${outcome}`)
    return outcome
  }

  async function runAll(scripts: AgentScript[], limits: Limits): Promise<ScriptOutcome[]> {
    if (scripts.length === 0) return []
    try {
      const cwd = await workingDirectory(config, manifest)
      if (!limits.mayStart()) return ['stopped']
      return await Promise.all(scripts.map((script) => runOne(script, cwd, limits)))
    } catch (error) {
      for (const script of scripts)
        sinkOf(script).write('error', error instanceof Error ? error.message : String(error))
      return ['failed']
    }
  }

  async function stopScripts(graceMs: number): Promise<void> {
    stopping = true
    await Promise.all([...running].map((one) => one.stop(graceMs)))
  }

  return {
    manifest,
    async start() {
      lifecycle.report('starting')
      const scripts = manifest.scripts.filter((script) => script.run_on_start)
      const outcomes = await runAll(scripts, { ...ON_START, mayStart: () => !stopping })
      const state = stateAfter(outcomes, 'ready', 'start_error', 'start_timeout')
      // Whoever hears of a failure looks at the logs at once; nobody should wait for them to be ready.
      if (state !== 'ready') await flushWithin(logsOf(sinks))
      if (!stopping) lifecycle.report(state)
    },
    async abandon() {
      await stopScripts(KILL_GRACE_MS)
      ended.abort()
    },
    async shutDown() {
      lifecycle.report('shutting_down')
      await stopScripts(SHUTDOWN_GRACE_MS)
      const scripts = manifest.scripts.filter((script) => script.run_on_stop)
      const outcomes = await runAll(scripts, ON_STOP)
      lifecycle.report(stateAfter(outcomes, 'off', 'shutdown_error', 'shutdown_timeout'))
      await flushWithin([lifecycle, ...logsOf(sinks)])
      ended.abort()
    },
  }
}

type Flushable = { flush(): Promise<unknown> }

function logsOf(sinks: ReadonlyMap<string, LogSink>): Flushable[] {
  return [...sinks.values()]
}

async function flushWithin(reporters: readonly Flushable[]): Promise<void> {
  await Promise.race([Promise.all(reporters.map((reporter) => reporter.flush())), pause(FLUSH_MS)])
}

/** An exit code says more about what is wrong than a timeout does, so it wins. */
function stateAfter(
  outcomes: ScriptOutcome[],
  ok: LifecycleState,
  failed: LifecycleState,
  timeout: LifecycleState,
): LifecycleState {
  if (outcomes.includes('failed')) return failed
  return outcomes.includes('timeout') ? timeout : ok
}
