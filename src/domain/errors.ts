/** The closed list of reasons to refuse; `src/api/errors.ts` maps each to one HTTP status. */
export type RefusalCode =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'not-allowed'
  | 'conflict'
  | 'gone'
  | 'precondition'
  | 'too-large'
  | 'has-dependents'
  | 'unprocessable'
  | 'too-early'
  | 'limited'
  | 'unavailable'

/** One wrong field of a request, in the wire format's words. */
export type Validation = { field: string; detail: string }

export type RefusalOptions = ErrorOptions & {
  /** A second sentence: what to do next. */
  detail?: string
  validations?: readonly Validation[]
  /** Whole seconds after which asking again makes sense; becomes the header `Retry-After`. */
  retryAfterSeconds?: number
}

/**
 * The caller asked for something that we will not do, and can act on the sentence; every other error is our own fault.
 */
export class Refusal extends Error {
  readonly code: RefusalCode
  readonly detail: string | undefined
  readonly validations: readonly Validation[]
  readonly retryAfterSeconds: number | undefined

  constructor(code: RefusalCode, message: string, options: RefusalOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'Refusal'
    this.code = code
    this.detail = options.detail
    this.validations = options.validations ?? []
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}
