// The page at `/`: what the pools hold, and who has which workspace. It changes nothing but its own session.
import { readFileSync } from 'node:fs'
import { type Request, type Response, Router } from 'express'
import { deleteApiKey } from '../../sql/identity.sql.ts'
import { audit } from '../api/audit.ts'
import { findSession, SESSION_COOKIE } from '../api/auth.ts'
import { isSameOrigin } from '../api/frame/csrf.ts'
import type { ApiContext } from '../api/route.ts'
import { openSession, SESSION_SECONDS } from '../api/users/sessions.ts'
import { forbidden } from '../domain/refusals.ts'
import { Refusal } from '../domain/errors.ts'
import { oidcProviders } from '../oidc/providers.ts'
import { createPages } from './events.ts'
import { renderPage, renderSignedOut } from './page.ts'
import { readView } from './view.ts'

/** Stricter than the default, and without its upgrade to https, which a server on plain http does not answer. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

const FILES = ['live.js', 'page.css', 'content.css', 'icon.svg'] as const

export function dashboard(context: ApiContext): Router {
  const router = Router()
  const pages = createPages(context)

  router.get('/', async (request, response) => {
    const session = await findSession(context, request)
    if (!session) return sendPage(response.status(401), renderSignedOut(oidcProviders(context.config)))
    sendPage(response, renderPage(await readView(context.db, session.actor)))
  })

  router.get('/events', async (request, response) => {
    // Without a body: whoever gets this asks for the page again and sees how to sign in.
    if (await findSession(context, request)) await pages.follow(request, response)
    else response.status(401).end()
  })

  router.get('/sign-in', async (request, response) => await signIn(context, { request, response }))

  router.post('/sign-out', async (request, response) => {
    if (!isSameOrigin(request, context.config.accessUrl)) throw forbidden('Sign out on the page of this server.')
    await endSession(context, request)
    response.clearCookie(SESSION_COOKIE, cookieOptions(context)).redirect(303, '/')
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

type Exchange = { request: Request; response: Response }

async function signIn(context: ApiContext, { request, response }: Exchange): Promise<void> {
  const { token } = request.query
  try {
    const key = await openSession(context.db, { token: typeof token === 'string' ? token : '', request })
    response.cookie(SESSION_COOKIE, key, { ...cookieOptions(context), maxAge: SESSION_SECONDS * 1000 })
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'unauthenticated') throw error
    // The same link again in the browser that it signed in already does no harm.
    if (!(await findSession(context, request))) {
      sendPage(
        response.status(401),
        renderSignedOut({ problem: error.message, providers: oidcProviders(context.config).providers }),
      )
      return
    }
  }
  response.redirect(303, '/')
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

/** Lax, or a link in a mail or a chat would open a page that seems signed out. */
function cookieOptions({ config }: ApiContext) {
  return { httpOnly: true, sameSite: 'lax', path: '/', secure: config.accessUrl.startsWith('https:') } as const
}

export function sendPage(response: Response, text: string): void {
  response.set({
    'Cache-Control': 'no-store',
    'Content-Security-Policy': CONTENT_SECURITY_POLICY,
    'Referrer-Policy': 'same-origin', // with none at all, browsers hide the origin of the form that signs out
  })
  response.type('html').send(text)
}
