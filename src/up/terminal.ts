import { styleText } from 'node:util'
import type { FeedLine } from './feed.ts'

export type Terminal = {
  say(text: string): void
  step(line: FeedLine): void
}

const COLOURS: Record<string, 'red' | 'yellow' | 'dim' | 'green'> = { error: 'red', warn: 'yellow', debug: 'dim' }
/** So that what happens lines up under who it happens to; a longer name moves what follows from then on, to a bound. */
const WIDTHS = { preset: 12, workspace: 16 }
const MAX_WIDTH = 32

export function createTerminal(out: NodeJS.WriteStream): Terminal {
  // styleText leaves colours out where the stream or NO_COLOR says so.
  const paint = (style: 'red' | 'yellow' | 'dim' | 'green' | 'bold', text: string): string =>
    styleText(style, text, { stream: out })
  const write = (text: string): void => void out.write(`${text}\n`)
  const widths = { ...WIDTHS }
  const inColumn = (column: keyof typeof widths, name: string): string => {
    widths[column] = Math.max(widths[column], Math.min(name.length, MAX_WIDTH))
    return name.padEnd(widths[column])
  }
  return {
    say: write,
    step({ at, preset, workspace, level, text }) {
      const who = `${inColumn('preset', preset)}  ${inColumn('workspace', workspace)}`
      const time = paint('dim', at.toTimeString().slice(0, 8))
      const colour = /^(ready$|pool full|claimed by)/.test(text) ? 'green' : COLOURS[level]
      const plain = printable(text)
      write(`${time}  ${who}  ${colour ? paint(colour, plain) : plain}`)
    },
  }
}

/** What a script writes must not move the cursor of whoever looks on. */
function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]/gu, '·')
}
