import { Refusal } from '../domain/errors.ts'

export function diskFull(folder: string, cause?: unknown): Refusal {
  return unavailable(
    `The disk that holds ${folder} is full, so PostgreSQL cannot start: free some space and start again`,
    cause,
  )
}

export function portTaken(port: number): Refusal {
  return unavailable(`Port ${port} of 127.0.0.1 is taken by another program: stop it, or give PostgreSQL another port`)
}

/** Turns what PostgreSQL wrote into a sentence, where a person can do something about it. */
export function failedStart(output: string, dataDir: string, port: number): Error {
  if (/No space left on device|Disk quota exceeded/.test(output)) return diskFull(dataDir)
  if (output.includes('Address already in use')) return portTaken(port)
  if (/shared memory block .* still in use/.test(output)) {
    return unavailable(`Processes of an earlier PostgreSQL still work on ${dataDir}: end them and start again`)
  }
  return new Error(`PostgreSQL on ${dataDir} did not start:\n${output.trim()}`)
}

/** Turns a refusal of the file system into a sentence; every other error passes unchanged. */
export function asRefusal(error: unknown, folder: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull(folder, error)
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    const at = error instanceof Error && 'path' in error ? String(error.path) : folder
    return unavailable(
      `${at} may not be read or written, which PostgreSQL needs: ` +
        'start as the user it belongs to, or choose another folder',
      error,
    )
  }
  return error
}

export function notReady(dataDir: string): Refusal {
  return unavailable(
    `PostgreSQL on ${dataDir} takes long to start, perhaps to recover from a crash: ` +
      `see ${dataDir}.log, and start again to wait further`,
  )
}

export function unavailable(sentence: string, cause?: unknown): Refusal {
  return new Refusal('unavailable', sentence, cause === undefined ? {} : { cause })
}
