import fs from 'node:fs'

const MAX_BYTES = 10 * 1024 * 1024 // with the one old file, 20 MiB and what one run writes
const TAIL_BYTES = 64 * 1024 // a failed start says why in a few lines

export type Log = { fd: number; sinceOpened: () => string; close: () => void }

export function openLog(file: string): Log {
  const size = fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0
  if (size > MAX_BYTES) fs.renameSync(file, `${file}.1`)
  const fd = fs.openSync(file, 'a+', 0o600)
  const start = fs.fstatSync(fd).size
  return { fd, sinceOpened: () => readFrom(fd, start), close: () => fs.closeSync(fd) }
}

function readFrom(fd: number, start: number): string {
  const { size } = fs.fstatSync(fd)
  const from = Math.max(start, size - TAIL_BYTES)
  const buffer = Buffer.alloc(Math.max(0, size - from))
  fs.readSync(fd, buffer, 0, buffer.length, from)
  return buffer.toString('utf8')
}
