// Requests to identity providers, which may be slow, endless, or lead elsewhere.
import { isLoopback } from './settings.ts'

/** Metadata and keys are some kilobytes; a token with every group of a large directory is far below. */
const MAX_BYTES = 1024 * 1024

type Options = NonNullable<Parameters<typeof fetch>[1]>

/** http://127.0.0.1 as issuer lets no further address be without TLS. The caller's signal ends what takes too long. */
export async function boundedFetch(url: string, options: object): Promise<Response> {
  if (new URL(url).protocol !== 'https:' && !isLoopback(url)) {
    throw new TypeError('the identity provider names an address without TLS')
  }
  const response = await fetch(url, { ...(options as Options), redirect: 'manual' })
  const { status, statusText, headers } = response
  const bytes = await readBytes(response)
  const kept = new Headers(headers)
  kept.delete('content-encoding') // fetch has decoded it
  kept.delete('content-length')
  return new Response(bytes.length === 0 ? null : Buffer.concat(bytes), { status, statusText, headers: kept })
}

async function readBytes(response: Response): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of response.body ?? []) {
    size += part.length
    // Leaving the loop cancels the body.
    if (size > MAX_BYTES) throw new TypeError(`the identity provider answered with more than ${MAX_BYTES} bytes`)
    parts.push(part)
  }
  return parts
}
