// Turns whatever went wrong into one sentence and an exit code. Loaded only when something did.
import { ApiError } from '../contract/client.ts'
import { CliFailure, EXIT } from './failure.ts'

export function explain(error: unknown, server?: { url: string; from?: string }): CliFailure {
  const origin = server?.url ?? 'the server'
  if (error instanceof CliFailure) return error
  if (error instanceof ApiError) return refused(error)
  if (!(error instanceof Error)) return new CliFailure(String(error))
  if (isUnreachable(error)) {
    return new CliFailure(`No server can be reached at ${origin}.`, {
      exitCode: EXIT.unreachable,
      detail: [
        `${reasonOf(error)}.${server?.from ? ` That address comes from ${server.from}.` : ''}`,
        'Is it running? Start one with `daybreak up`, or name another with --url.',
      ].join('\n'),
      cause: error,
    })
  }
  if (error.name === 'ZodError' || error instanceof SyntaxError) {
    return new CliFailure(`What ${origin} answers is not what this version of daybreak understands.`, {
      detail: `Compare \`daybreak --version\` with the server's. ${error.message.slice(0, 500)}`,
      cause: error,
    })
  }
  return new CliFailure(`This is a bug: ${error.message}`, { detail: error.stack, cause: error })
}

function refused({ status, body, retryAfterSeconds }: ApiError): CliFailure {
  const signedOut = status === 401
  const next = [
    body.detail,
    retryAfterSeconds === undefined || Number.isNaN(retryAfterSeconds) ? '' : `Try again in ${retryAfterSeconds} s.`,
    signedOut && !body.detail?.includes('daybreak login') ? 'Sign in with `daybreak login`.' : '',
  ].filter(Boolean)
  return new CliFailure(body.message, {
    exitCode: signedOut ? EXIT.signedOut : EXIT.refused,
    status,
    detail: next.length === 0 ? undefined : next.join(' '),
    validations: body.validations,
  })
}

/** Node's fetch says `fetch failed` before an answer and `terminated` in the middle of one; the reason is its cause. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof TypeError && (error.message === 'fetch failed' || error.message === 'terminated')
}

function reasonOf(error: Error): string {
  const { cause } = error
  if (cause instanceof AggregateError && cause.errors[0] instanceof Error) return cause.errors[0].message
  return cause instanceof Error && cause.message ? cause.message : error.message
}
