// Calls to the server, each retried until it is settled: the agent has nobody else to ask, and an outage must not end
// a workspace.
import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { createBackoff, pause } from './backoff.ts'
import type { AgentConfig } from './config.ts'
import type { Log } from './log.ts'
import { readJson, send } from './wire.ts'

// The same as in contract/agentApi.ts, which cannot be imported at run time: it loads zod.
const AGENT_ID_HEADER = 'Daybreak-Agent-Id'
const TOKEN_HEADER = 'Coder-Session-Token'

/** Longer than any healthy answer takes, shorter than the 45 s after which the server calls an agent disconnected. */
const CALL_TIMEOUT_MS = 10_000

export type Call = {
  method: 'GET' | 'POST' | 'PATCH'
  path: string
  body?: unknown
  /** The agent row that the call is about; without it the token alone decides. */
  agentId?: string
  signal: AbortSignal
}
export type Reply = { status: number; body: unknown }
export type Api = {
  /** Retries while the server is away, busy or does not know the token; undefined once `signal` is aborted. */
  call(call: Call): Promise<Reply | undefined>
  /** One attempt, for replies that are streams. */
  open(call: Call): Promise<IncomingMessage>
  /** What to do about a refusal: reads the token again, and tells when the row was replaced. */
  refused(reply: Reply, agentId: string | undefined): Promise<void>
}

export function createApi(options: { config: AgentConfig; log: Log; onSuperseded: (agentId: string) => void }): Api {
  const { config, log, onSuperseded } = options
  let token: string | undefined

  async function open({ method, path, body, agentId, signal }: Call): Promise<IncomingMessage> {
    token ??= (await readFile(config.tokenFile, 'utf8')).trim()
    const text = body === undefined ? undefined : JSON.stringify(body)
    const headers: Record<string, string> = { [TOKEN_HEADER]: token }
    if (agentId) headers[AGENT_ID_HEADER] = agentId
    if (text !== undefined) {
      headers['Content-Type'] = 'application/json'
      headers['Content-Length'] = String(Buffer.byteLength(text))
    }
    const url = `${config.url}/api/v2/workspaceagents/me/${path}`
    return send({ method, url, headers, body: text, timeoutMs: CALL_TIMEOUT_MS, signal })
  }

  async function refused(reply: Reply, agentId: string | undefined): Promise<void> {
    if (reply.status !== 401) return
    token = undefined
    if (agentId && codeOf(reply.body) === 'superseded') onSuperseded(agentId)
  }

  async function call(asked: Call): Promise<Reply | undefined> {
    const backoff = createBackoff()
    while (!asked.signal.aborted) {
      try {
        const incoming = await open(asked)
        const reply = { status: incoming.statusCode ?? 0, body: await readJson(incoming, CALL_TIMEOUT_MS) }
        await refused(reply, asked.agentId)
        if (isSettled(reply)) return reply
        log(`${asked.method} ${asked.path}: answered ${reply.status}, asking again`)
      } catch (error) {
        if (asked.signal.aborted) return undefined
        log(`${asked.method} ${asked.path}: ${messageOf(error)}, asking again`)
      }
      await pause(backoff.next(), asked.signal)
    }
    return undefined
  }

  return { call, open, refused }
}

export function codeOf(body: unknown): string | undefined {
  const code = typeof body === 'object' && body !== null && 'code' in body ? body.code : undefined
  return typeof code === 'string' ? code : undefined
}

function isSettled({ status, body }: Reply): boolean {
  if (status === 401) return codeOf(body) === 'superseded'
  return status < 500 && status !== 408 && status !== 425 && status !== 429
}

function messageOf(error: unknown): string {
  // An AggregateError of both addresses of localhost has an empty message.
  if (!(error instanceof Error)) return String(error)
  return error.message || ('code' in error ? String(error.code) : error.name)
}
