// Keeps the token of `login` so that no other user can read it, and never half of it.
import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import path from 'node:path'

export function storeCredentials(file: string, credentials: { url: string; token: string }): void {
  const folder = path.dirname(file)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o700) // it may be older than this rule
  const draft = `${file}.${process.pid}.tmp`
  rmSync(draft, { force: true }) // of a killed process that had the same number
  try {
    const handle = openSync(draft, 'wx', 0o600)
    try {
      writeSync(handle, `${JSON.stringify(credentials, null, 2)}\n`)
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
    renameSync(draft, file)
  } finally {
    rmSync(draft, { force: true })
  }
}

export function forgetCredentials(file: string): void {
  rmSync(file, { force: true })
}
