// Remembers across a crash which owner this agent serves, and whether the server knows it.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from './log.ts'

/** `acknowledgedBy` is the agent row that acknowledged this generation; empty means that a new process repeats it. */
export type Remembered = { generation: number; acknowledgedBy: string }

const NOTHING: Remembered = { generation: 0, acknowledgedBy: '' }

export async function recall(stateDir: string): Promise<Remembered> {
  try {
    const stored: unknown = JSON.parse(await readFile(file(stateDir), 'utf8'))
    if (typeof stored !== 'object' || stored === null) return NOTHING
    const { generation, acknowledgedBy }: { generation?: unknown; acknowledgedBy?: unknown } = stored
    if (typeof generation !== 'number' || typeof acknowledgedBy !== 'string') return NOTHING
    return { generation, acknowledgedBy }
  } catch {
    // Missing or damaged: generation 0 makes the agent load its manifest and acknowledge once more, which is harmless.
    return NOTHING
  }
}

export async function remember(place: { stateDir: string; log: Log }, remembered: Remembered): Promise<void> {
  const { stateDir, log } = place
  const draft = `${file(stateDir)}.${process.pid}`
  try {
    await mkdir(stateDir, { recursive: true, mode: 0o700 })
    await writeFile(draft, JSON.stringify(remembered), { mode: 0o600 })
    await rename(draft, file(stateDir))
  } catch (error) {
    // A full disk must not end the workspace; at worst the next start acknowledges once more.
    log(`generation was not stored: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function file(stateDir: string): string {
  return join(stateDir, 'generation.json')
}
