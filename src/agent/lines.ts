/** One stored log line; longer output is cut into several, nothing of it is lost. */
const MAX_LINE = 1024

/** Turns output that arrives in pieces into lines. */
export function createLineSplitter(onLine: (line: string) => void): { write(text: string): void; end(): void } {
  let pending = ''

  function emit(line: string): void {
    // PostgreSQL's text cannot hold NUL.
    onLine(line.replaceAll('\0', '\uFFFD').toWellFormed())
  }

  function take(line: string): void {
    let rest = line.endsWith('\r') ? line.slice(0, -1) : line
    while (rest.length > MAX_LINE) {
      emit(rest.slice(0, MAX_LINE))
      rest = rest.slice(MAX_LINE)
    }
    emit(rest)
  }

  return {
    write(text) {
      const lines = (pending + text).split('\n')
      pending = lines.pop() ?? ''
      for (const line of lines) take(line)
      while (pending.length > MAX_LINE) {
        emit(pending.slice(0, MAX_LINE))
        pending = pending.slice(MAX_LINE)
      }
    },
    end() {
      if (pending) take(pending)
      pending = ''
    },
  }
}
