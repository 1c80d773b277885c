// Runs the client as a person does: its own process, an empty home, no terminal.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { ExecutionContext } from 'ava'

export type Ran = { code: number | null; stdout: string; stderr: string }
export type RunOptions = { env?: Record<string, string>; cwd?: string; input?: string; interrupt?: AbortSignal }

const PROGRAM = fileURLToPath(new URL('../../bin/daybreak.mjs', import.meta.url))

export async function runDaybreak(
  args: readonly string[],
  { env, cwd, input = '', interrupt }: RunOptions = {},
): Promise<Ran> {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent', ...env },
    cwd: cwd ?? tmpdir(),
  })
  child.stdin.end(input)
  interrupt?.addEventListener('abort', () => child.kill('SIGINT'))
  const closed = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve))
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), closed])
  return { code, stdout, stderr }
}

export function temporaryFolder(t: ExecutionContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'daybreak-cli-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
