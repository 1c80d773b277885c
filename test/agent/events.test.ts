import test from 'ava'
import { createEventParser, type StreamEvent } from '../../src/agent/events.ts'

function parse(pieces: string[]): StreamEvent[] {
  const events: StreamEvent[] = []
  const take = createEventParser((event) => events.push(event))
  for (const piece of pieces) take(piece)
  return events
}

test('an event may be cut anywhere', (t) => {
  const text = ': comment\n\nevent: ping\ndata: \n\nid: 7\ndata: {"a":1}\n\n'
  const whole = parse([text])
  t.deepEqual(whole, [
    { event: 'ping', id: '', data: '' },
    { event: '', id: '7', data: '{"a":1}' },
  ])
  t.deepEqual(parse(text.split('')), whole)
})

test('several data lines are one text, carriage returns do not belong to it', (t) => {
  t.deepEqual(parse(['data: one\r\ndata: two\r\n\r\n']), [{ event: '', id: '', data: 'one\ntwo' }])
})

test('an event that was not ended is not delivered', (t) => {
  t.deepEqual(parse(['id: 7\ndata: {']), [])
})

test('an event that does not end is refused before it fills the memory', (t) => {
  t.throws(() => parse(Array.from({ length: 100 }, () => `data: ${'x'.repeat(1024)}\n`)), { message: /does not end/ })
})
