import test from 'ava'
import { createLineSplitter } from '../../src/agent/lines.ts'

function split(pieces: string[]): string[] {
  const lines: string[] = []
  const splitter = createLineSplitter((line) => lines.push(line))
  for (const piece of pieces) splitter.write(piece)
  splitter.end()
  return lines
}

test('output that arrives in pieces becomes lines, the last one without its newline too', (t) => {
  t.deepEqual(split(['o', 'ne\ntw', 'o\r\n\nthree']), ['one', 'two', '', 'three'])
})

test('a line longer than a stored one is cut, not lost', (t) => {
  const lines = split(['x'.repeat(2500), '\ny\n'])
  t.deepEqual(
    lines.map((line) => line.length),
    [1024, 1024, 452, 1],
  )
})

test('what PostgreSQL cannot store as text is replaced', (t) => {
  t.deepEqual(split(['a\0b\ud800\n']), ['a\uFFFDb\uFFFD'])
})
