/** 0 is success; scripts tell the others apart. */
export const EXIT = { refused: 1, usage: 2, signedOut: 3, unreachable: 4, interrupted: 130 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export type FailureOptions = ErrorOptions & {
  exitCode?: ExitCode
  /** A second sentence: what to do next. */
  detail?: string | undefined
  validations?: readonly { field: string; detail: string }[] | undefined
  /** Of HTTP, where the server answered. */
  status?: number
}

/** The one way in which a command ends badly: a sentence for a person, and a number for a script. */
export class CliFailure extends Error {
  readonly exitCode: ExitCode
  readonly detail: string | undefined
  readonly validations: readonly { field: string; detail: string }[]
  readonly status: number | undefined

  constructor(message: string, options: FailureOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'CliFailure'
    this.exitCode = options.exitCode ?? EXIT.refused
    this.detail = options.detail
    this.validations = options.validations ?? []
    this.status = options.status
  }
}

export function usage(message: string, detail?: string): CliFailure {
  return new CliFailure(message, { exitCode: EXIT.usage, detail })
}
