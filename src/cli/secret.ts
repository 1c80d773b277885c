// Passwords come from a person who types them unseen, or from stdin; never from the command line, where every process
// of the machine could read them.
import { createInterface } from 'node:readline/promises'
import { text } from 'node:stream/consumers'
import { Writable } from 'node:stream'
import { usage } from './failure.ts'

/** `given` is what the option said: `-` for stdin. Without it a person is asked, twice where a slip would lock out. */
export async function readPassword(
  given: string | undefined,
  { prompt, repeat }: { prompt: string; repeat?: string },
): Promise<string> {
  if (given === '-') return await readStdin()
  if (given !== undefined) {
    throw usage('A password on the command line can be read by other processes.', 'Write --password - and pipe it in.')
  }
  if (!process.stdin.isTTY) throw usage(`${prompt}: there is nobody here to ask.`, 'Pipe it in with --password -')
  const password = await askUnseen(prompt)
  if (repeat !== undefined && (await askUnseen(repeat)) !== password) throw usage('The two passwords differ.')
  return password
}

/** The end of the last line belongs to the file, not to the password. */
async function readStdin(): Promise<string> {
  const password = (await text(process.stdin)).replace(/\r?\n$/, '')
  if (password === '') throw usage('The password on stdin is empty.')
  return password
}

/** One line that is not shown: typed or pasted on a terminal, or all of stdin. */
export async function readUnseen(prompt: string): Promise<string> {
  return process.stdin.isTTY ? await askUnseen(prompt) : await text(process.stdin)
}

async function askUnseen(question: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  try {
    // Not before the terminal has stopped to show what is typed.
    return await askOn(nowhere, { question, onReady: () => process.stderr.write(`${question}: `) })
  } finally {
    process.stderr.write('\n')
  }
}

async function askOn(
  output: NodeJS.WritableStream,
  { question, onReady }: { question: string; onReady?: () => void },
): Promise<string> {
  const lines = createInterface({ input: process.stdin, output, terminal: true })
  lines.on('SIGINT', () => process.emit('SIGINT')) // readline keeps it from the process otherwise
  try {
    onReady?.()
    return await lines.question(`${question}: `)
  } finally {
    lines.close()
  }
}
