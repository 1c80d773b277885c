// The wire format of every error, in one place.
import type { ErrorRequestHandler, Response } from 'express'
import type { Logger } from 'pino'
import type { ErrorBody } from '../contract/errors.ts'
import { Refusal, type RefusalCode } from '../domain/errors.ts'
import { Superseded } from './agents/auth.ts'

export const STATUS: Record<RefusalCode, number> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  'not-allowed': 405,
  conflict: 409,
  gone: 410,
  precondition: 412,
  'too-large': 413,
  'has-dependents': 417,
  unprocessable: 422,
  'too-early': 425,
  limited: 429,
  unavailable: 503,
}

/** The last middleware: refusals become their status, anything else is our fault and says so without details. */
export function answerErrors(log: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error) // express ends the connection
      return
    }
    const refusal = toRefusal(error)
    if (refusal) {
      sendRefusal(response, refusal)
      return
    }
    log.error({ err: error, method: request.method, path: request.path }, `${request.method} ${request.path} failed`)
    response
      .status(500)
      .json({ message: 'Internal error.', detail: 'The server has logged what happened.' } satisfies ErrorBody)
  }
}

export function sendRefusal(response: Response, refusal: Refusal): void {
  if (refusal.retryAfterSeconds !== undefined) response.set('Retry-After', String(refusal.retryAfterSeconds))
  const body: ErrorBody = {
    message: refusal.message,
    ...(refusal instanceof Superseded ? { code: 'superseded' } : {}),
    ...(refusal.detail === undefined ? {} : { detail: refusal.detail }),
    ...(refusal.validations.length === 0 ? {} : { validations: [...refusal.validations] }),
  }
  response.status(STATUS[refusal.code]).json(body)
}

/** What express and its body parsers refuse comes as plain errors with a type. */
function toRefusal(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error
  const { type, status } = (typeof error === 'object' && error !== null ? error : {}) as {
    type?: string
    status?: number
  }
  if (type === 'entity.parse.failed')
    return new Refusal('invalid', 'Request body must be valid JSON.', { cause: error })
  if (type === 'entity.too.large') return new Refusal('too-large', 'The request body is too large.', { cause: error })
  const name = error instanceof Error ? error.name : ''
  if (
    name === 'ConnectionError' ||
    name === 'BackendTerminatedError' ||
    name === 'BackendTerminatedUnexpectedlyError'
  ) {
    return new Refusal('unavailable', 'The database is not reachable at the moment.', {
      retryAfterSeconds: 1,
      cause: error,
    })
  }
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new Refusal('invalid', error instanceof Error ? error.message : 'Bad request.', { cause: error })
  }
  return undefined
}
