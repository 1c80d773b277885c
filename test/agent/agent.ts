// The bundled agent as a child process in a home of its own, against a scripted server.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import type { AgentManifest } from '../../src/contract/agentApi.ts'
import { bundleAgent } from '../../src/provisioners/process/bundle.ts'
import { killTree } from '../../src/provisioners/process/tree.ts'
import { type ScriptedServer, startServer } from './server.ts'

export type World = {
  server: ScriptedServer
  manifest: AgentManifest
  home: string
  tokenFile: string
  start: () => ChildProcess
  /** What a file in the workspace's home says, or undefined while it does not exist. */
  read: (name: string) => Promise<string | undefined>
  remembered: () => Promise<{ generation: number; acknowledgedBy: string } | undefined>
  /** What all agents of this world wrote to stderr. */
  log: () => string
}

export async function setup(t: ExecutionContext, manifest: AgentManifest): Promise<World> {
  const root = await mkdtemp(join(tmpdir(), 'daybreak-agent-'))
  const server = await startServer(manifest)
  const bundle = await bundleAgent(join(root, 'runtime'))
  const tokenFile = join(root, 'token')
  const state = join(root, 'state')
  await writeFile(tokenFile, 'secret-token', { mode: 0o600 })
  const children: ChildProcess[] = []
  const chunks: Buffer[] = []
  t.teardown(async () => {
    for (const child of children) child.kill('SIGKILL')
    await killTree({ workspaceId: manifest.workspace_id, uid: null, groups: [] })
    await server.close()
    await rm(root, { recursive: true, force: true })
  })
  return {
    server,
    manifest,
    home: root,
    tokenFile,
    start() {
      const env = {
        PATH: '/usr/local/bin:/usr/bin:/bin',
        HOME: root,
        LANG: 'C.UTF-8',
        DAYBREAK_URL: server.url,
        DAYBREAK_AGENT_TOKEN_FILE: tokenFile,
        DAYBREAK_AGENT_STATE: state,
        DAYBREAK_WORKSPACE_ID: manifest.workspace_id,
      }
      const child = spawn(process.execPath, [bundle], { cwd: root, env, stdio: ['ignore', 'ignore', 'pipe'] })
      child.stderr?.on('data', (text: Buffer) => chunks.push(text))
      children.push(child)
      return child
    },
    read: (name) => readOrNothing(join(root, name)),
    async remembered() {
      const text = await readOrNothing(join(state, 'generation.json'))
      return text === undefined ? undefined : JSON.parse(text)
    },
    log: () => Buffer.concat(chunks).toString(),
  }
}

async function readOrNothing(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined)
}

export async function exitOf(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return { code: child.exitCode, signal: child.signalCode }
}
