// The answer goes to stdout; remarks, progress and errors to stderr. With --json nothing but one value goes to stdout.
import { styleText } from 'node:util'
import type { CliFailure } from './failure.ts'

export type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan'
export type Paint = (style: Style, text: string) => string

export type Output = {
  json: boolean
  /** The result: `data` for programs, `text` for people. */
  answer(data: unknown, text: () => string): void
  /** What a person may like to know, and a program not. */
  note(text: string): void
  /** What is happening: one live line on a terminal, else a line whenever it changes. */
  progress(text: string): void
  /** Takes the live line away. */
  settle(): void
  fail(failure: CliFailure): void
  /** For the answer, and for remarks: either may be redirected. */
  paint: Paint
  tint: Paint
}

export type OutputOptions = { json: boolean; quiet: boolean; color: boolean }
type Stream = { isTTY?: boolean; columns?: number; write(text: string): unknown }

const TICK_MS = 200
const ERASE_LINE = '\r\u001B[2K'

export function createOutput(
  { json, quiet, color }: OutputOptions,
  { stdout, stderr }: { stdout: Stream; stderr: Stream } = process,
): Output {
  const silent = json || quiet
  const tint = painter(color && stderr.isTTY === true)
  const live = createLive(stderr)
  return {
    json,
    paint: painter(color && stdout.isTTY === true),
    tint,
    answer(data, text) {
      live.settle()
      // One line each where a program reads, so that a repeated answer is a stream of lines.
      const indent = stdout.isTTY === true ? 2 : 0
      stdout.write(`${json ? JSON.stringify(data, null, indent) : text()}\n`)
    },
    note(text) {
      if (!silent) live.above(text)
    },
    progress(text) {
      if (!silent) live.show(text)
    },
    settle: live.settle,
    fail(failure) {
      live.settle()
      stderr.write(json ? `${JSON.stringify(errorBody(failure))}\n` : errorText(failure, tint))
    },
  }
}

/** What a server or a script sent must not steer the terminal. */
export function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, '')
}

function painter(on: boolean): Paint {
  return (style, text) => (on ? styleText(style, text, { validateStream: false }) : text)
}

function errorText({ message, detail, validations }: CliFailure, tint: Paint): string {
  const more = [
    ...validations.map(({ field, detail: problem }) => (field ? `${field}: ${problem}` : problem)),
    ...(detail === undefined ? [] : detail.split('\n')),
  ]
  return [`${tint('red', 'daybreak:')} ${printable(message)}`, ...more.map((line) => `  ${printable(line)}`), ''].join(
    '\n',
  )
}

function errorBody({ message, detail, validations, status }: CliFailure): object {
  return {
    error: {
      message,
      ...(detail === undefined ? {} : { detail }),
      ...(validations.length === 0 ? {} : { validations }),
      ...(status === undefined ? {} : { status }),
    },
  }
}

function createLive(stream: Stream) {
  let shown = ''
  let since = 0
  let ticker: NodeJS.Timeout | undefined
  const draw = (): void => {
    const seconds = ((performance.now() - since) / 1000).toFixed(1)
    stream.write(`${ERASE_LINE}${`${shown} ${seconds} s`.slice(0, (stream.columns || 80) - 1)}`)
  }
  const settle = (): void => {
    clearInterval(ticker)
    if (ticker) stream.write(ERASE_LINE)
    ticker = undefined
    shown = ''
  }
  return {
    settle,
    above(text: string): void {
      if (ticker) stream.write(ERASE_LINE)
      stream.write(`${text}\n`)
      if (ticker) draw()
    },
    show(text: string): void {
      if (text === shown) return
      shown = text
      if (stream.isTTY !== true) {
        stream.write(`${text}\n`)
        return
      }
      if (!ticker) {
        since = performance.now()
        ticker = setInterval(draw, TICK_MS).unref()
      }
      draw()
    },
  }
}
