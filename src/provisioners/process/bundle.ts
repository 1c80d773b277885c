import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ENTRY = fileURLToPath(new URL('../../agent/main.ts', import.meta.url))

/** Bundles the agent into one file named by its content, and returns its path; a file that is right already stays. */
export async function bundleAgent(runtimeDir: string): Promise<string> {
  const { buildSync } = await import('esbuild')
  // The synchronous form leaves no service process behind; it takes some ten milliseconds, once a process.
  const { outputFiles } = buildSync({
    entryPoints: [ENTRY],
    bundle: true,
    write: false,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    logLevel: 'silent',
  })
  const [output] = outputFiles
  if (!output) throw new Error('esbuild returned no bundle of the agent')
  const path = join(runtimeDir, `agent-${sha256(output.contents)}.mjs`)
  if (await holds(path, output.contents)) return path
  await mkdir(runtimeDir, { recursive: true, mode: 0o755 })
  const draft = `${path}.${process.pid}`
  await writeFile(draft, output.contents, { mode: 0o644 })
  await rename(draft, path)
  return path
}

async function holds(path: string, contents: Uint8Array): Promise<boolean> {
  try {
    return sha256(await readFile(path)) === sha256(contents)
  } catch {
    return false
  }
}

function sha256(contents: Uint8Array): string {
  return createHash('sha256').update(contents).digest('hex')
}
