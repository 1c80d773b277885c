/** One event of a `text/event-stream`; fields that it did not have are empty. */
export type StreamEvent = { event: string; id: string; data: string }

/** An event of ours is a few hundred bytes; a stream that never ends one is not ours. */
const MAX_PENDING = 64 * 1024

/** Takes text as it arrives, cut anywhere, and calls back once for each whole event. Comments are ignored. */
export function createEventParser(onEvent: (event: StreamEvent) => void): (text: string) => void {
  let pending = ''
  let current: StreamEvent | undefined

  function takeLine(line: string): void {
    if (line === '') {
      if (current) onEvent(current)
      current = undefined
      return
    }
    const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line) ?? []
    if (field !== 'event' && field !== 'id' && field !== 'data') return
    current ??= { event: '', id: '', data: '' }
    current[field] = field === 'data' && current.data ? `${current.data}\n${value}` : (value ?? '')
  }

  return (text) => {
    pending += text
    for (let end = pending.indexOf('\n'); end >= 0; end = pending.indexOf('\n')) {
      takeLine(pending.slice(0, end).replace(/\r$/, ''))
      pending = pending.slice(end + 1)
    }
    if (pending.length + (current?.data.length ?? 0) > MAX_PENDING)
      throw new Error('an event of the stream does not end')
  }
}
