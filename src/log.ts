import { AsyncLocalStorage } from 'node:async_hooks'
import pino, { type DestinationStream, type Logger } from 'pino'

/** Never in the clear, wherever they stand in what is logged. */
const SECRETS = `
  token session_token access_token refresh_token id_token tokenSealed tokenHash
  password old_password passwordHash password_hash secret client_secret hashedSecret
  authorization cookie set-cookie coder-session-token`
  .trim()
  .split(/\s+/)
  .map((name) => `["${name}"]`)

const requestIds = new AsyncLocalStorage<string>()

/** Every line that is written because of `work`, however deep, carries the id of its request. */
export function inRequest(id: string, work: () => void): void {
  requestIds.run(id, work)
}

function requestFields(): { requestId?: string } {
  const requestId = requestIds.getStore()
  return requestId === undefined ? {} : { requestId }
}

export function createLog(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    mixin: requestFields,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: describeError, error: describeError },
    redact: { paths: [...SECRETS, ...SECRETS.map((name) => `*${name}`)], censor: '[redacted]' },
  }
  return destination === undefined ? pino(options) : pino(options, destination)
}

/**
 * What tells one error from another, and nothing of the data: errors of the database carry the failing row and the
 * statement's values.
 */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { type, message, stack } = pino.stdSerializers.err(error)
  const { code, constraint, table, sql } = error as {
    code?: unknown
    constraint?: unknown
    table?: unknown
    sql?: unknown
  }
  return { type, message, stack, code, constraint, table, sql }
}
