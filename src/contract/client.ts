// The typed client of the API: the CLI, the tests and the benchmarks speak through it.
import type { z } from 'zod'
import type { Endpoint, Replied } from './endpoint.ts'
import { TOKEN_HEADER } from './agentApi.ts'
import { ErrorBody } from './errors.ts'

type Sent<T> = T extends z.ZodType ? z.input<T> : never
type Keys<E> = { [K in 'params' | 'query' | 'body']: E extends Record<K, z.ZodType> ? K : never }[
  | 'params'
  | 'query'
  | 'body']
export type Call<E> = { [K in Keys<E>]: E extends Record<K, infer T> ? Sent<T> : never } & {
  headers?: Record<string, string>
  signal?: AbortSignal
}

export type Client = {
  readonly origin: string
  <E extends Endpoint>(endpoint: E, call: Call<E>): Promise<Replied<E>>
  /** A server-sent event stream: yields the data of each event, until the server or `signal` ends it. */
  events(
    path: string,
    options?: { signal?: AbortSignal; headers?: Record<string, string> },
  ): AsyncGenerator<StreamEvent>
  /** Bytes up, for what is not JSON. */
  upload<E extends Endpoint>(endpoint: E, file: { bytes: Uint8Array; type: string }): Promise<Replied<E>>
}
export type StreamEvent = { event: string; id: string; data: string }

/** What the server refused, in its own words. */
export class ApiError extends Error {
  readonly status: number
  readonly body: ErrorBody
  readonly retryAfterSeconds: number | undefined
  constructor(status: number, body: ErrorBody, retryAfter?: string | null) {
    super(body.message)
    this.name = 'ApiError'
    this.status = status
    this.body = body
    this.retryAfterSeconds = retryAfter ? Number(retryAfter) : undefined
  }
}

export function createClient(origin: string, token?: string): Client {
  const authorised = (headers: Record<string, string> = {}) => ({
    ...(token === undefined ? {} : { [TOKEN_HEADER]: token }),
    ...headers,
  })
  const send = async (endpoint: Endpoint, path: string, init: RequestInit): Promise<unknown> => {
    const response = await fetch(`${origin}/api/v2${path}`, { method: endpoint.method, ...init })
    const text = await response.text()
    if (!response.ok)
      throw new ApiError(response.status, readError(response, text), response.headers.get('retry-after'))
    return endpoint.reply === undefined || text === '' ? undefined : endpoint.reply.parse(JSON.parse(text))
  }
  const call = async <E extends Endpoint>(endpoint: E, input: Call<E>): Promise<Replied<E>> => {
    const { params = {}, query = {}, body, headers, signal } = input as LooseCall
    const path = fillPath(endpoint.path, params) + queryString(query)
    const json: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
    return (await send(endpoint, path, {
      headers: authorised({ ...json, ...headers }),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    })) as Replied<E>
  }
  return Object.assign(call, {
    origin,
    async *events(path: string, { signal, headers }: { signal?: AbortSignal; headers?: Record<string, string> } = {}) {
      const response = await fetch(`${origin}/api/v2${path}`, {
        headers: authorised({ accept: 'text/event-stream', ...headers }),
        ...(signal ? { signal } : {}),
      })
      if (!response.ok || !response.body)
        throw new ApiError(response.status, readError(response, await response.text()))
      yield* readEvents(response.body)
    },
    async upload<E extends Endpoint>(endpoint: E, { bytes, type }: { bytes: Uint8Array; type: string }) {
      const init = { headers: authorised({ 'content-type': type }), body: Buffer.from(bytes) }
      return (await send(endpoint, endpoint.path, init)) as Replied<E>
    },
  })
}

type LooseCall = {
  params?: Record<string, string>
  query?: Record<string, unknown>
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
}

function fillPath(path: string, params: Record<string, string>): string {
  return path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''))
}

function queryString(query: Record<string, unknown>): string {
  const entries = Object.entries(query).filter(([, value]) => value !== undefined && value !== null)
  if (entries.length === 0) return ''
  return `?${new URLSearchParams(Object.fromEntries(entries.map(([name, value]) => [name, String(value)]))).toString()}`
}

function readError(response: Response, text: string): ErrorBody {
  try {
    return ErrorBody.parse(JSON.parse(text))
  } catch {
    return { message: `${response.status} ${response.statusText || 'from the server'}`, detail: text.slice(0, 500) }
  }
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation */
async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamEvent> {
  let buffer = ''
  const decoder = new TextDecoder()
  for await (const chunk of body) {
    buffer += decoder.decode(chunk, { stream: true })
    const blocks = buffer.split('\n\n')
    buffer = blocks.pop() ?? ''
    for (const block of blocks) {
      const event: StreamEvent = { event: 'message', id: '', data: '' }
      for (const line of block.split('\n')) {
        const [, field, value] = /^(event|id|data): ?(.*)$/.exec(line) ?? []
        if (field === 'data') event.data += (event.data ? '\n' : '') + (value ?? '')
        else if (field === 'event' || field === 'id') event[field] = value ?? ''
      }
      if (event.data || event.event !== 'message') yield event
    }
  }
}
