// A request as bytes: headers twice, bodies that are no JSON, and no wait without end.
import http from 'node:http'
import type { Method } from '../../src/contract/endpoint.ts'

/** Whoever gets no answer for so long has hung. */
const HANG_MS = 10_000

/** `path` is below /api/v2. */
export type RawRequest = { method: Method; path: string; headers: [string, string][]; body?: Buffer }

const agent = new http.Agent({ keepAlive: true, maxSockets: 16 })

/** A stream is an answer once it has begun. Throws when there is none. */
export async function sendRaw(base: string, { method, path, headers, body }: RawRequest) {
  const url = new URL(base)
  const known = [['host', url.host], ...headers, ...(body ? [['content-length', String(body.length)]] : [])]
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>()
  const options = { agent, host: url.hostname, port: url.port, method, path: `/api/v2${path}`, headers: known.flat() }
  const request = http.request(options, (response) => {
    const status = response.statusCode ?? 0
    if (response.headers['content-type']?.startsWith('text/event-stream')) {
      resolve({ status, text: '' })
      request.destroy()
      return
    }
    const parts: Buffer[] = []
    response.on('data', (part: Buffer) => parts.push(part)).on('error', reject)
    response.on('end', () => resolve({ status, text: Buffer.concat(parts).toString() }))
  })
  request.setTimeout(HANG_MS, () => request.destroy(new Error(`${method} ${path.slice(0, 200)} was not answered`)))
  request.on('error', reject)
  request.end(body)
  return await promise
}
