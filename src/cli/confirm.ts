import { createInterface } from 'node:readline/promises'
import { CliFailure, usage } from './failure.ts'

/** Asks a person; where there is none to ask, only --yes will do. */
export async function confirm(question: string): Promise<void> {
  if (!process.stdin.isTTY) throw usage(`${question} There is nobody here to ask.`, 'Say --yes if you mean it.')
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  lines.on('SIGINT', () => process.emit('SIGINT')) // readline keeps it from the process otherwise
  try {
    const answer = await lines.question(`${question} [y/N] `)
    if (!/^y(es)?$/i.test(answer.trim())) throw new CliFailure('Nothing was done.')
  } finally {
    lines.close()
  }
}
