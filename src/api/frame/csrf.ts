// A browser sends the session cookie with requests that other sites make: what changes something must come from here.
import type { Request, RequestHandler } from 'express'
import { Refusal } from '../../domain/errors.ts'
import { cookieOf } from '../auth.ts'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])
/** Their tokens open no session, and no browser has one of theirs as a cookie. */
const AGENTS = /^\/workspaceagents\/me\//

/** `accessUrl` is what people see in their browser, which a proxy may hide from us. */
export function refuseOtherSites(accessUrl: string): RequestHandler {
  return (request, _response, next) => {
    if (SAFE.has(request.method) || AGENTS.test(request.path)) next()
    else if (!isOpenedByCookie(request) || isSameOrigin(request, accessUrl)) next()
    else throw fromElsewhere()
  }
}

/**
 * A header with a token cannot come from another site: browsers ask first, and we never allow it. A token in the query
 * proves nothing, since whoever made the link wrote it.
 */
function isOpenedByCookie(request: Request): boolean {
  if (cookieOf(request) === undefined) return false
  return !request.get('Coder-Session-Token') && !/^Bearer /i.test(request.get('Authorization') ?? '')
}

/** Browsers send one of the two headers with every change; what sends neither has no session to be robbed of. */
export function isSameOrigin(request: Request, accessUrl: string): boolean {
  const site = request.get('Sec-Fetch-Site')
  if (site !== undefined) return site === 'same-origin'
  const origin = request.get('Origin')
  if (origin === undefined || !URL.canParse(origin)) return false
  return origin === new URL(accessUrl).origin || new URL(origin).host === request.get('Host')
}

function fromElsewhere(): Refusal {
  return new Refusal('forbidden', 'This change was asked for by another site, in the name of your session.', {
    detail:
      'A session cookie changes things only from pages of this server, as Sec-Fetch-Site or Origin must say. ' +
      'Programs send the token in the header Coder-Session-Token instead.',
  })
}
