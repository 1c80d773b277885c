// HTTP on `node:http` itself: loading fetch costs more than all else that the agent does before its first request.
import { Agent, type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http'

/** A manifest holds at most 64 scripts of 64 KiB and their variables; more is not from our server. */
const MAX_REPLY_BYTES = 16 * 1024 * 1024

export type Outgoing = {
  method: string
  url: string
  headers: Record<string, string>
  body: string | undefined
  /** From the start of the request to the reply's headers. */
  timeoutMs: number
  signal: AbortSignal
}

const connections = new Agent({ keepAlive: true })

export async function send(outgoing: Outgoing): Promise<IncomingMessage> {
  const { method, url, headers, body, timeoutMs, signal } = outgoing
  const secure = url.startsWith('https:') ? await import('node:https') : undefined
  const options: RequestOptions = { method, headers, signal, agent: secure ? secure.globalAgent : connections }
  return new Promise((resolve, reject) => {
    const request = (secure ? secure.request : requestHttp)(url, options)
    const timer = setTimeout(() => request.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
    request.on('response', (reply) => {
      clearTimeout(timer)
      resolve(reply)
    })
    request.on('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    request.end(body)
  })
}

/** The parsed body; text that is not JSON (a proxy's error page) becomes undefined. */
export async function readJson(reply: IncomingMessage, timeoutMs: number): Promise<unknown> {
  const timer = setTimeout(() => reply.destroy(new Error(`the answer did not end within ${timeoutMs} ms`)), timeoutMs)
  try {
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of reply as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > MAX_REPLY_BYTES) throw new Error(`the answer is larger than ${MAX_REPLY_BYTES} bytes`)
      chunks.push(chunk)
    }
    return parse(Buffer.concat(chunks).toString())
  } finally {
    clearTimeout(timer)
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
