// The page at `/`: what the pools hold, and who has which workspace. It changes nothing but sessions.
import { readFileSync } from 'node:fs'
import { type Request, Router } from 'express'
import { deleteApiKey } from '../../sql/identity.sql.ts'
import { audit } from '../api/audit.ts'
import { findSession } from '../api/auth.ts'
import { isSameOrigin } from '../api/frame/csrf.ts'
import type { ApiContext } from '../api/route.ts'
import { clearSessionCookie } from '../api/users/sessions.ts'
import { forbidden } from '../domain/refusals.ts'
import { addCliAuth } from './cliAuth.ts'
import { createPages } from './events.ts'
import { renderPage } from './page.ts'
import { sendPage } from './send.ts'
import { addSignIn, askToSignIn } from './signIn.ts'
import { readView } from './view.ts'

const FILES = ['live.js', 'page.css', 'content.css', 'signIn.css', 'icon.svg'] as const

export function dashboard(context: ApiContext): Router {
  const router = Router()
  const pages = createPages(context)

  router.get('/', async (request, response) => {
    const session = await findSession(context, request)
    if (!session) askToSignIn(context.config, { request, response, place: '/' })
    else sendPage(response, renderPage(await readView(context.db, session.actor)))
  })

  router.get('/events', async (request, response) => {
    // Without a body: whoever gets this asks for the page again and sees how to sign in.
    if (await findSession(context, request)) await pages.follow(request, response)
    else response.status(401).end()
  })

  addSignIn(router, context)
  addCliAuth(router, context)

  router.post('/sign-out', async (request, response) => {
    if (!isSameOrigin(request, context.config.accessUrl)) throw forbidden('Sign out on the page of this server.')
    await endSession(context, request)
    clearSessionCookie(context, { response })
    response.redirect(303, '/')
  })

  for (const name of FILES) {
    const text = readFileSync(new URL(`client/${name}`, import.meta.url), 'utf8')
    router.get(`/dashboard/${name}`, (_request, response) => {
      // Express adds the ETag and answers 304: a new version of the server is seen at once.
      response.set('Cache-Control', 'no-cache').type(name).send(text)
    })
  }
  return router
}

async function endSession(context: ApiContext, request: Request): Promise<void> {
  const session = await findSession(context, request)
  if (!session) return
  const { actor, keyId } = session
  await context.db.transaction(async (tx) => {
    const ended = await deleteApiKey(tx, { id: keyId })
    const target = { type: 'user', id: actor.id, name: actor.username }
    if (ended > 0) await audit(tx, { actor, request }, { action: 'logout', target })
  })
}
