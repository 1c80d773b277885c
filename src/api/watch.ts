// Live views of one workspace, as classic server-sent events: each event is the whole workspace.
import { Router } from 'express'
import { z } from 'zod'
import { getWorkspace } from '../contract/workspaces.ts'
import { authenticate } from './auth.ts'
import { type ApiContext, readInput } from './route.ts'
import { serveLive } from './sse.ts'
import { oneWorkspace } from './wire/workspaces.ts'
import { readableWorkspace } from './workspaces.ts'

const Watched = { ...getWorkspace, query: z.object({}) }

export function watch(context: ApiContext): Router {
  const router = Router()

  router.get('/workspaces/:workspace/watch', async (request, response) => {
    const { actor } = await authenticate(context, request)
    const { params } = readInput(Watched, request)
    const { id } = await readableWorkspace(context.db, params.workspace, actor)
    await serveLive({ request, response, ...context, topic: 'workspace', id }, async (stream) => {
      stream.send({ event: 'data', data: await oneWorkspace(context.db, id) })
    })
  })

  return router
}
