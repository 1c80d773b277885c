// Live views of one workspace, as classic server-sent events: each event is the whole workspace.
import { type Request, Router } from 'express'
import { z } from 'zod'
import { getWorkspace } from '../contract/workspaces.ts'
import { Refusal } from '../domain/errors.ts'
import { authenticate, findSession } from './auth.ts'
import { type ApiContext, readInput } from './route.ts'
import { serveLive } from './sse.ts'
import { oneWorkspace } from './wire/workspaces.ts'
import { readableWorkspace } from './workspaces.ts'

const Watched = { ...getWorkspace, query: z.object({}) }

/** Of one user in one process: more workspaces than anybody looks at, and few of what the process can serve. */
export const MAX_STREAMS_EACH = 100

export function watch(context: ApiContext): Router {
  const router = Router()
  const pass = context.limits.ofEndpoint(getWorkspace)
  const open = new Map<string, number>()

  router.get('/workspaces/:workspace/watch', async (request, response) => {
    const { actor, keyId } = await authenticate(context, request)
    await pass({ request, response, keyId })
    const { params } = readInput(Watched, request)
    const { id } = await readableWorkspace(context.db, params.workspace, actor)
    const others = open.get(actor.id) ?? 0
    if (others >= MAX_STREAMS_EACH) {
      const detail = `At most ${MAX_STREAMS_EACH} at once.`
      throw new Refusal('limited', 'You have too many open streams.', { detail, retryAfterSeconds: 5 })
    }
    open.set(actor.id, others + 1)
    const mayStill = async () => await maySee(context, { request, id })
    try {
      await serveLive({ request, response, ...context, topic: 'workspace', id, mayStill }, async (stream) => {
        stream.send({ event: 'data', data: await oneWorkspace(context.db, id) })
      })
    } finally {
      const left = (open.get(actor.id) ?? 1) - 1
      if (left > 0) open.set(actor.id, left)
      else open.delete(actor.id)
    }
  })

  return router
}

/** Sessions end, users are suspended and lose roles, workspaces change hands, while a stream is open. */
async function maySee(context: ApiContext, { request, id }: { request: Request; id: string }): Promise<boolean> {
  const session = await findSession(context, request)
  if (!session) return false
  try {
    await readableWorkspace(context.db, id, session.actor)
    return true
  } catch (error) {
    if (error instanceof Refusal) return false
    throw error
  }
}
