// A scripted server: it records what agents call, in order, and answers as a test wants.
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { AgentManifest, AgentScript } from '../../src/contract/agentApi.ts'

export type Recorded = { call: string; at: number; agentId: string | undefined; token: string; body: unknown }
export type Answer = { status: number; body?: unknown }

export type ScriptedServer = Awaited<ReturnType<typeof startServer>>

export async function startServer(first: AgentManifest, port = 0) {
  const calls: Recorded[] = []
  const streams = new Set<ServerResponse>()
  const state = {
    manifest: first,
    /** Looked at before anything else; undefined leaves the usual answer, 'cut' ends the connection without one. */
    answer: (_call: string, _recorded: Recorded): Answer | 'cut' | 'hang' | undefined => undefined,
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://server')
    const call = `${request.method} ${url.pathname.replace('/api/v2/workspaceagents/me/', '')}${url.search}`
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    const recorded: Recorded = {
      call,
      at: performance.now(),
      agentId: request.headers['daybreak-agent-id'] as string | undefined,
      token: String(request.headers['coder-session-token']),
      body: text ? JSON.parse(text) : undefined,
    }
    calls.push(recorded)
    const scripted = state.answer(call, recorded)
    if (scripted === 'hang') return
    if (scripted === 'cut') request.socket.destroy()
    else if (scripted) reply(response, scripted)
    else if (call === 'GET manifest') reply(response, { status: 200, body: state.manifest })
    else if (call.startsWith('GET reinit')) openStream(response)
    else if (call === 'PATCH logs') reply(response, { status: 200, body: {} })
    else reply(response, { status: 204 })
  }

  function openStream(response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    response.write(': connected\n\n')
    streams.add(response)
    response.on('close', () => streams.delete(response))
  }

  const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()))
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const address = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    calls,
    state,
    streams,
    named: () => calls.map(({ call }) => call),
    /** The lifecycle states that were reported, in order. */
    lifecycle: () => bodies('POST lifecycle').map((body) => (body as { state: string }).state),
    logs: () => bodies('PATCH logs').flatMap((body) => (body as { logs: { output: string; level: string }[] }).logs),
    outputs: () =>
      bodies('PATCH logs').flatMap((body) => (body as { logs: { output: string }[] }).logs.map((l) => l.output)),
    announce(event: AgentManifest, id = event.generation): void {
      const { workspace_id, owner_id, generation, agent_id } = event
      const data = {
        reason: 'prebuild_claimed',
        workspace_id,
        workspaceID: workspace_id,
        owner_id,
        generation,
        agent_id,
      }
      for (const stream of streams) stream.write(`id: ${id}\ndata: ${JSON.stringify(data)}\n\n`)
    },
    async close(): Promise<void> {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }

  function bodies(call: string): unknown[] {
    return calls.filter((one) => one.call === call).map(({ body }) => body)
  }
}

function reply(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { 'Content-Type': 'application/json' })
  response.end(body === undefined ? undefined : JSON.stringify(body))
}

export function aScript(script: string, over: Partial<AgentScript> = {}): AgentScript {
  return {
    id: randomUUID(),
    log_source_id: randomUUID(),
    display_name: 'script',
    script,
    cron: '',
    run_on_start: true,
    run_on_stop: false,
    start_blocks_login: false,
    timeout_seconds: 30,
    ...over,
  }
}

export function aManifest(over: Partial<AgentManifest> = {}): AgentManifest {
  return {
    agent_id: randomUUID(),
    agent_name: 'main',
    workspace_id: randomUUID(),
    workspace_name: 'w1',
    owner_id: randomUUID(),
    owner_username: 'prebuilds',
    stage: 'prebuild',
    generation: 0,
    directory: '',
    environment_variables: {},
    scripts: [],
    ...over,
  }
}

/** The manifest that a claim makes of another: a new agent row, owner and generation. */
export function claimed(manifest: AgentManifest, over: Partial<AgentManifest> = {}): AgentManifest {
  const { generation } = manifest
  const owner = { owner_id: randomUUID(), owner_username: 'ada', workspace_name: 'ada-1' }
  return { ...manifest, ...owner, agent_id: randomUUID(), stage: 'claim', generation: generation + 1, ...over }
}
