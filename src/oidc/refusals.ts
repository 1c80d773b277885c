// What people are told when signing in through a provider fails. Never a claim, a token or the provider's own text.
import { errors as jose } from 'jose'
import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client'
import { Refusal } from '../domain/errors.ts'
import type { OidcProvider } from './settings.ts'

/** As long as a restart of a provider takes. */
const RETRY_AFTER_SECONDS = 10
const AGAIN = 'Sign in again from the start.'

type Named = Pick<OidcProvider, 'name'>

export function toRefusal(error: unknown, { name }: Named): Refusal {
  if (error instanceof AuthorizationResponseError) {
    // Only the words of RFC 6749 4.1.2.1 and OpenID Connect Core 3.1.2.6, not what anybody put into the address.
    const reason = /^[a-z_]{1,40}$/.test(error.error) ? ` (${error.error})` : ''
    return new Refusal('unauthenticated', `${name} did not sign you in${reason}.`, { detail: AGAIN, cause: error })
  }
  if (error instanceof ResponseBodyError) return refuseByTokenEndpoint(error, name)
  if (isUnreachable(error)) {
    return new Refusal('unavailable', `${name} does not answer at the moment.`, {
      detail: 'Try again in a moment. If it lasts, the log of this server says what is wrong.',
      retryAfterSeconds: RETRY_AFTER_SECONDS,
      cause: error,
    })
  }
  return new Refusal('unauthenticated', `The answer of ${name} could not be verified.`, { detail: AGAIN, cause: error })
}

function refuseByTokenEndpoint(error: ResponseBodyError, name: string): Refusal {
  if (error.error === 'invalid_grant') {
    return new Refusal('unauthenticated', 'This sign-in was used already, or took too long.', {
      detail: AGAIN,
      cause: error,
    })
  }
  return new Refusal('unavailable', `${name} does not accept this server.`, {
    detail: 'Its client id, its secret or its redirect address is not what the provider expects.',
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    cause: error,
  })
}

const UNREACHABLE = new Set([
  'OAUTH_TIMEOUT',
  'OAUTH_ABORT',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
])

function isUnreachable(error: unknown): boolean {
  if (error instanceof ClientError) return UNREACHABLE.has(error.code ?? '')
  // Of fetch.
  return error instanceof TypeError || error instanceof jose.JWKSTimeout || error instanceof DOMException
}

/** For the log: codes, which name no person. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  if (error instanceof AuthorizationResponseError || error instanceof ResponseBodyError) {
    return `${error.name} ${error.error.slice(0, 40)}`
  }
  if (error instanceof SyntaxError) return error.name // its message quotes what could not be read
  const { code } = error as { code?: unknown }
  const cause = error.cause instanceof Error ? ` (${describeFailure(error.cause)})` : ''
  return `${error.name}${typeof code === 'string' ? ` ${code}` : ''}: ${error.message.slice(0, 200)}${cause}`
}
