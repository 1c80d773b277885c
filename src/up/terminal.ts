import { styleText } from 'node:util'
import type { FeedLine } from './feed.ts'

export type Terminal = {
  say(text: string): void
  step(line: FeedLine): void
}

const COLOURS: Record<string, 'red' | 'yellow' | 'dim' | 'green'> = { error: 'red', warn: 'yellow', debug: 'dim' }
/** So that what happens lines up under who it happens to. */
const WHO_WIDTH = 34

export function createTerminal(out: NodeJS.WriteStream): Terminal {
  // styleText leaves colours out where the stream or NO_COLOR says so.
  const paint = (style: 'red' | 'yellow' | 'dim' | 'green' | 'bold', text: string): string =>
    styleText(style, text, { stream: out })
  const write = (text: string): void => void out.write(`${text}\n`)
  return {
    say: write,
    step({ at, who, level, text }) {
      const time = paint('dim', at.toTimeString().slice(0, 8))
      const colour = text === 'ready' || text.startsWith('pool full') ? 'green' : COLOURS[level]
      const plain = printable(text)
      write(`${time}  ${who.padEnd(WHO_WIDTH)}  ${colour ? paint(colour, plain) : plain}`)
    },
  }
}

/** What a script writes must not move the cursor of whoever looks on. */
function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]/gu, '·')
}
