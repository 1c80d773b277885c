import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { raw, Router } from 'express'
import { findFileByHash, insertFile } from '../../sql/files.sql.ts'
import { uploadFile } from '../contract/templates.ts'
import { Refusal } from '../domain/errors.ts'
import { requireMay } from './access.ts'
import { audit } from './audit.ts'
import { type ApiContext, route } from './route.ts'

/** What the wire format promises. */
const MAX_FILE_BYTES = 100 * 1024 * 1024
const TYPES = ['application/x-tar', 'application/zip', 'application/x-zip-compressed']

export function files(context: ApiContext): Router {
  const router = Router()
  const inTurn = takeTurns()
  const readBody = promisify(raw({ type: TYPES, limit: MAX_FILE_BYTES }))

  route(router, context, uploadFile, async (_input, { actor, request, response }) => {
    requireMay(actor, 'create', { type: 'file', ownerId: actor.id })
    const mimetype = request.headers['content-type'] ?? ''
    await inTurn(actor.id, async () => await readBody(request, response)) // not before we know who sends it
    if (!Buffer.isBuffer(request.body)) {
      throw new Refusal('invalid', `Unsupported content type "${mimetype}".`, {
        detail: `Send one of ${TYPES.join(', ')}.`,
      })
    }
    if (request.body.length === 0) throw new Refusal('invalid', 'The file is empty.')
    const hash = createHash('sha256').update(request.body).digest()
    const file = { hash, createdBy: actor.id }
    const data = request.body
    const made = await context.db.transaction(async (tx) => {
      const inserted = await insertFile(tx, { ...file, mimetype, data })
      if (!inserted) return null // the same bytes again change nothing
      const after = { mimetype, size: data.length }
      await audit(tx, { actor, request }, { action: 'create', target: { type: 'file', id: inserted.id }, after })
      return inserted
    })
    const found = made ?? (await findFileByHash(context.db, file))
    if (!found) throw new Error('a file that could not be stored was not there either')
    response.status(made ? 201 : 200)
    return { hash: found.id }
  })

  return router
}

/** Each user's one after the other: a file is held in memory while it is read, and many at once would fill it. */
function takeTurns(): (userId: string, work: () => Promise<unknown>) => Promise<void> {
  const last = new Map<string, Promise<unknown>>()
  return async (userId, work) => {
    const mine = (last.get(userId) ?? Promise.resolve()).then(work)
    const ended = mine.catch(() => {}) // whoever sent it hears of it
    last.set(userId, ended)
    try {
      await mine
    } finally {
      if (last.get(userId) === ended) last.delete(userId)
    }
  }
}
