// Why a sign-in failed, for whoever sits before a browser: a page instead of JSON.
import type { ErrorRequestHandler } from 'express'
import { STATUS } from '../api/errors.ts'
import type { Context } from '../context.ts'
import { Refusal } from '../domain/errors.ts'
import { sendSignIn } from './signIn.ts'

const SIGN_INS = /^\/(sign-in|cli-auth|api\/v2\/users\/oidc\/.*)$/

/** Only for browsers, which ask for HTML first: programs get the error as everywhere. */
export function showSignInProblems({ config }: Pick<Context, 'config'>): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    const isPerson =
      SIGN_INS.test(request.originalUrl.replace(/\?.*$/, '')) && request.accepts(['json', 'html']) === 'html'
    if (!isPerson || !(error instanceof Refusal) || response.headersSent) {
      next(error)
      return
    }
    if (error.retryAfterSeconds !== undefined) response.set('Retry-After', String(error.retryAfterSeconds))
    const problem = [error.message, error.detail].filter((text) => text !== undefined).join(' ')
    sendSignIn(config, { request, response: response.status(STATUS[error.code]), problem })
  }
}
