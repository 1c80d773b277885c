// Server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html
import type { Request, Response } from 'express'
import { Refusal } from '../domain/errors.ts'
import type { Logger } from 'pino'
import type { Hub, Topic } from './hub.ts'

const PING_MS = 15_000
/** Then the client connects again, to whichever server has room. */
const MAX_STREAM_MS = 10 * 60_000

export type EventStream = {
  send(event: { event?: string; id?: string; data: unknown }): void
  /** Resolves when the client is gone, the server drains, or the stream is old. */
  ended: Promise<void>
  end(): void
}

export function openEventStream(request: Request, response: Response, hub: Hub): EventStream {
  response.status(200).set({
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    Connection: 'keep-alive',
    'X-Accel-Buffering': 'no', // or a proxy in front keeps events until its buffer is full
  })
  response.flushHeaders()
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  const ping = setInterval(() => response.write('event: ping\ndata: {}\n\n'), PING_MS)
  const age = setTimeout(end, MAX_STREAM_MS)
  function end(): void {
    clearInterval(ping)
    clearTimeout(age)
    hub.closing.removeEventListener('abort', end)
    if (!response.writableEnded) response.end()
    resolve()
  }
  request.on('close', end)
  hub.closing.addEventListener('abort', end)
  // Neither event comes twice: the server or the client may have ended while it was found out who asks.
  if (hub.closing.aborted || response.destroyed) end()
  return {
    ended,
    end,
    send({ event, id, data }) {
      if (response.writableEnded) return
      const lines = [
        ...(event === undefined ? [] : [`event: ${event}`]),
        ...(id === undefined ? [] : [`id: ${id}`]),
        ...(typeof data === 'string' ? data : JSON.stringify(data)).split('\n').map((line) => `data: ${line}`),
      ]
      response.write(`${lines.join('\n')}\n\n`)
    },
  }
}

/** Runs `read` now and after every wake, never twice at once: what comes meanwhile is one more read. */
export function coalesce(read: () => Promise<void>, onError: (error: unknown) => void): () => void {
  let running = false
  let again = false
  const run = async (): Promise<void> => {
    do {
      again = false
      await read()
    } while (again)
  }
  return () => {
    if (running) {
      again = true
      return
    }
    running = true
    run()
      .catch(onError)
      .finally(() => {
        running = false
      })
  }
}

export function tooManyStreams(): Refusal {
  return new Refusal('unavailable', 'This server has as many open streams as it can serve.', { retryAfterSeconds: 5 })
}

/** The first read comes by itself. */
const beforeAnything = (): void => {}

/** A stream must not outlive the right to see it by more than this. */
const CHECK_MS = PING_MS

export type Live = {
  request: Request
  response: Response
  hub: Hub
  log: Logger
  topic: Topic
  id: string
  /** Asked before each read but the first, and now and then besides. */
  mayStill?: () => Promise<boolean>
}

/** A stream that reads again after each wake. It listens first: what happens before its first read is in that. */
export async function serveLive(
  { request, response, hub, log, topic, id, mayStill }: Live,
  read: (stream: EventStream) => Promise<void>,
): Promise<void> {
  let wake = beforeAnything
  const unsubscribe = hub.subscribe(topic, id, () => wake())
  if (!unsubscribe) throw tooManyStreams()
  const stream = openEventStream(request, response, hub)
  const giveUp = (error: unknown): void => {
    log.warn({ err: error, topic, id }, 'what a stream shows could not be read; its client connects again')
    stream.end()
  }
  const allowed = async (): Promise<boolean> => {
    if (!mayStill || (await mayStill())) return true
    stream.end()
    return false
  }
  let isFirst = true
  wake = coalesce(async () => {
    if (isFirst || (await allowed())) await read(stream)
    isFirst = false
  }, giveUp)
  wake()
  const check = setInterval(
    coalesce(async () => void (await allowed()), giveUp),
    CHECK_MS,
  )
  await stream.ended
  clearInterval(check)
  unsubscribe()
}
