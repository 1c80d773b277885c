// Follows the stream that says when this workspace changes hands. Nothing is lost between two connections: the server
// compares the generation in the request with its row before it waits.
import type { IncomingMessage } from 'node:http'
import { type Api, codeOf } from './api.ts'
import { createBackoff, pause } from './backoff.ts'
import { createEventParser, type StreamEvent } from './events.ts'
import type { Log } from './log.ts'
import { readJson } from './wire.ts'

/** The server pings every 15 s; three missed ones mean that the connection is dead, whatever TCP thinks. */
const SILENCE_MS = 45_000
const REFUSAL_TIMEOUT_MS = 10_000

type Following = {
  api: Api
  log: Log
  agentId: string
  generation: number
  signal: AbortSignal
  onGeneration(generation: number): void
}

/** Returns `never` when this workspace cannot change hands any more, `ended` once the signal is aborted. */
export async function followReinit(following: Following): Promise<'never' | 'ended'> {
  const { api, log, agentId, generation, signal } = following
  const backoff = createBackoff()
  while (!signal.aborted) {
    try {
      const path = `reinit?generation=${generation}`
      const reply = await api.open({ method: 'GET', path, agentId, signal })
      if (reply.statusCode === 200) await readStream(reply, following, () => backoff.reset())
      else if (await isNever(reply, following)) return 'never'
    } catch (error) {
      if (!signal.aborted) log(`reinit: ${error instanceof Error ? error.message : String(error)}, connecting again`)
    }
    await pause(backoff.next(), signal)
  }
  return 'ended'
}

async function isNever(incoming: IncomingMessage, { api, log, agentId }: Following): Promise<boolean> {
  const reply = { status: incoming.statusCode ?? 0, body: await readJson(incoming, REFUSAL_TIMEOUT_MS) }
  await api.refused(reply, agentId)
  if (reply.status === 409 && codeOf(reply.body) === 'reinit_not_applicable') return true
  log(`reinit: answered ${reply.status}, connecting again`)
  return false
}

async function readStream(reply: IncomingMessage, following: Following, onSign: () => void): Promise<void> {
  const silence = setTimeout(() => reply.destroy(new Error(`silent for ${SILENCE_MS} ms`)), SILENCE_MS)
  const parse = createEventParser((event) => {
    const announced = generationOf(event)
    if (announced !== undefined) following.onGeneration(announced)
  })
  try {
    reply.setEncoding('utf8')
    for await (const text of reply as AsyncIterable<string>) {
      onSign()
      silence.refresh()
      parse(text)
    }
  } finally {
    clearTimeout(silence)
    reply.destroy()
  }
}

function generationOf({ event, id, data }: StreamEvent): number | undefined {
  if (!data || event === 'ping' || event === 'error') return undefined
  const generation = Number(id)
  return id !== '' && Number.isSafeInteger(generation) ? generation : undefined
}
