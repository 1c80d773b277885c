// Signing in on the page: by a one-time link, or by name and password. Providers have routes of their own.
import express, { type Request, type Response, type Router } from 'express'
import { findSession, readCookie } from '../api/auth.ts'
import { isSameOrigin } from '../api/frame/csrf.ts'
import { type ApiContext, readInput } from '../api/route.ts'
import { openSession, setSessionCookie } from '../api/users/sessions.ts'
import { openPasswordSession } from '../api/users/signIn.ts'
import type { Config } from '../config.ts'
import { signInWithPassword } from '../contract/users.ts'
import { Refusal } from '../domain/errors.ts'
import { forbidden } from '../domain/refusals.ts'
import { oidcProviders } from '../oidc/providers.ts'
import { passwords } from '../password.ts'
import { sendPage } from './send.ts'
import { renderSignedOut } from './signedOut.ts'

/** Of the form; names and passwords are shorter. */
const MAX_FORM = '8kb'
/** Where the browser was on its way to. As long as a sign-in link works. */
const RETURN_COOKIE = 'daybreak_return'
const RETURN_MS = 15 * 60 * 1000
/** A list, not any path: what a cookie says must not lead elsewhere. */
const PLACES = ['/cli-auth'] as const

type Place = (typeof PLACES)[number] | '/'
type Exchange = { request: Request; response: Response }

export function addSignIn(router: Router, context: ApiContext): void {
  const { db, limits, config } = context

  router.get('/sign-in', async (request, response) => await signInByLink(context, { request, response }))

  // The form's field has the name that the limit of failed sign-ins counts by.
  const form = express.urlencoded({ extended: false, limit: MAX_FORM })
  router.post('/sign-in', limits.signIn, form, limits.password, async (request, response) => {
    if (!isSameOrigin(request, config.accessUrl)) throw forbidden('Sign in on the page of this server.')
    const { body } = readInput(signInWithPassword, request)
    const login = { login: body.email, password: body.password }
    const token = await openPasswordSession({ db, passwords }, { ...login, request })
    setSessionCookie(context, { response, token })
    goOn({ request, response })
  })
}

async function signInByLink(context: ApiContext, { request, response }: Exchange): Promise<void> {
  const { token } = request.query
  try {
    const key = await openSession(context.db, { token: typeof token === 'string' ? token : '', request })
    setSessionCookie(context, { response, token: key })
  } catch (error) {
    // The same link again in the browser that it signed in already does no harm.
    if (!(error instanceof Refusal) || error.code !== 'unauthenticated') throw error
    if (!(await findSession(context, request))) {
      sendSignIn(context.config, { request, response: response.status(401), problem: error.message })
      return
    }
  }
  goOn({ request, response })
}

/** The page that asks who it is, and comes back to `place` whichever way that is answered. */
export function askToSignIn(config: Config, { request, response, place }: Exchange & { place: Place }): void {
  if (place === '/') response.clearCookie(RETURN_COOKIE, { path: '/' })
  else response.cookie(RETURN_COOKIE, place, { httpOnly: true, sameSite: 'lax', path: '/', maxAge: RETURN_MS })
  sendSignIn(config, { request, response: response.status(401), place })
}

export function sendSignIn(
  config: Config,
  { request, response, problem, place = placeOf(request) }: Exchange & { problem?: string; place?: Place },
): void {
  const { providers } = oidcProviders(config)
  sendPage(response, renderSignedOut({ ...(problem === undefined ? {} : { problem }), providers, place }))
}

function goOn({ request, response }: Exchange): void {
  response.clearCookie(RETURN_COOKIE, { path: '/' }).redirect(303, placeOf(request))
}

function placeOf(request: Request): Place {
  const wanted = readCookie(request.headers.cookie ?? '', RETURN_COOKIE)
  return PLACES.find((place) => encodeURIComponent(place) === wanted) ?? '/'
}
