// Why a sign-in through a provider failed, for whoever the provider sent back: a page instead of JSON.
import type { ErrorRequestHandler } from 'express'
import { STATUS } from '../api/errors.ts'
import type { Context } from '../context.ts'
import { Refusal } from '../domain/errors.ts'
import { oidcProviders } from '../oidc/providers.ts'
import { renderSignedOut } from './page.ts'
import { sendPage } from './router.ts'

const SIGN_INS = '/api/v2/users/oidc/'

/** Only for browsers, which ask for HTML first: programs get the error as everywhere. */
export function showSignInProblems({ config }: Pick<Context, 'config'>): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    const isPerson = request.originalUrl.startsWith(SIGN_INS) && request.accepts(['json', 'html']) === 'html'
    if (!isPerson || !(error instanceof Refusal) || response.headersSent) {
      next(error)
      return
    }
    if (error.retryAfterSeconds !== undefined) response.set('Retry-After', String(error.retryAfterSeconds))
    const problem = [error.message, error.detail].filter((text) => text !== undefined).join(' ')
    const { providers } = oidcProviders(config)
    sendPage(response.status(STATUS[error.code]), renderSignedOut({ problem, providers }))
  }
}
