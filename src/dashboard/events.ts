// Keeps open pages current: what changed of them is sent as events. All pages of a process are read one after the
// other, so that together they never take more than one of the connections that claims need.
import { hash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Request, Response } from 'express'
import { findSession } from '../api/auth.ts'
import type { ApiContext } from '../api/route.ts'
import { type EventStream, openEventStream, tooManyStreams } from '../api/sse.ts'
import { type Fragments, renderFragments } from './fragments.ts'
import { readView } from './view.ts'

/** Each costs a read at every change; beyond that many, pages show what was there when they were loaded. */
const MAX_PAGES = 64
/** At most four times a second: more than an eye follows. */
const MIN_PAUSE_MS = 250
/** Windows open and close by the clock, and ages grow, without anything being told. */
const MAX_PAUSE_MS = 10_000
/** A stream that ends because it is old is to be taken up again at once. */
const RETRY_MS = 500

/** Elements to put in the place of those with their ids; for lists, the ids that they hold now. */
export type Change = { swap: string[]; lists: Record<string, string[]> }

export type Pages = { follow(request: Request, response: Response): Promise<void> }

export function createPages(context: ApiContext): Pages {
  let open = 0
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    const mine = turn.then(work)
    turn = mine.catch(() => {}) // whoever asked hears of it
    return await mine
  }
  const read = async (request: Request): Promise<Fragments | null> =>
    await inTurn(async () => {
      const session = await findSession(context, request) // it may have ended since the page was opened
      return session && renderFragments(await readView(context.db, session.actor))
    })

  return {
    async follow(request, response) {
      const bell = createBell()
      const unsubscribe = open < MAX_PAGES ? context.hub.subscribeAll('workspace', bell.ring) : undefined
      if (!unsubscribe) throw tooManyStreams()
      open++
      const stream = openEventStream(request, response, context.hub)
      response.write(`retry: ${RETRY_MS}\n\n`)
      const clock = setInterval(bell.ring, MAX_PAUSE_MS)
      try {
        await sendChanges(stream, { bell, read: () => read(request), isFull: () => response.writableNeedDrain })
      } catch (error) {
        context.log.warn({ err: error }, 'an open page could not be read again; it connects again')
      } finally {
        clearInterval(clock)
        open--
        unsubscribe()
        stream.end()
      }
    },
  }
}

type Source = { bell: Bell; read: () => Promise<Fragments | null>; isFull: () => boolean }

/** The first change is everything, whatever the page showed when it connected. */
async function sendChanges(stream: EventStream, { bell, read, isFull }: Source): Promise<void> {
  const differ = createDiffer()
  const ended = stream.ended.then(() => 'ended' as const)
  do {
    bell.hush()
    // A reader that lags gets fewer changes instead of a growing queue of them.
    if (!isFull()) {
      const fragments = await read()
      if (!fragments) return
      const change = differ(fragments)
      if (change) stream.send({ event: 'change', data: change })
    }
    await sleep(MIN_PAUSE_MS)
  } while ((await Promise.race([ended, bell.heard()])) !== 'ended')
}

/** Remembers digests, not the page, of which many may be open. */
export function createDiffer(): (fragments: Fragments) => Change | null {
  let known = new Map<string, string>()
  return ({ elements, lists }) => {
    const seen = new Map<string, string>()
    const isNew = (key: string, text: string): boolean => {
      const digest = hash('sha1', text, 'base64')
      seen.set(key, digest)
      return known.get(key) !== digest
    }
    const everything = [...elements, ...Object.values(lists).flat()]
    const swap = everything.filter(({ id, html }) => isNew(id, html.text)).map(({ html }) => html.text)
    const members = Object.entries(lists).map(([list, items]) => [list, items.map(({ id }) => id)] as const)
    const moved = members.filter(([list, ids]) => isNew(list, ids.join()))
    known = seen
    return swap.length + moved.length === 0 ? null : { swap, lists: Object.fromEntries(moved) }
  }
}

type Bell = { ring: () => void; heard: () => Promise<void>; hush: () => void }

/** Rung once or often, it is heard until it is hushed: what comes during a read is one more read. */
function createBell(): Bell {
  let next = Promise.withResolvers<void>()
  return {
    ring: () => next.resolve(),
    heard: () => next.promise,
    hush: () => {
      next = Promise.withResolvers()
    },
  }
}
