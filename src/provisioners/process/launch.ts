import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { openAgentLog, type Place, tokenFile } from './directories.ts'
import type { Host } from './host.ts'
import { agentDir, workspaceDir } from './paths.ts'
import { hasProc, startTimeOf } from './processes.ts'
import type { AgentProcess } from './state.ts'

/** Fixed, because nothing is inherited from the worker; a template may set its own PATH for its scripts. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

export type Launched = { child: ChildProcess; process: AgentProcess }

/** Starts an agent in its own process group, as the workspace's user, and returns when the kernel has started it. */
export async function launchAgent(host: Host, place: Place, agentName: string): Promise<Launched> {
  const { node, bundle } = await host.runtime()
  const home = workspaceDir(place.paths, place.workspaceId)
  await using log = await openAgentLog(place, agentName)
  const child = spawn(node, [bundle], {
    cwd: home,
    env: {
      PATH,
      HOME: home,
      LANG: 'C.UTF-8',
      DAYBREAK_URL: host.url,
      DAYBREAK_AGENT_TOKEN_FILE: tokenFile(place, agentName),
      DAYBREAK_AGENT_STATE: join(agentDir(place.paths, place.workspaceId, agentName), 'state'),
      DAYBREAK_WORKSPACE_ID: place.workspaceId,
    },
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    ...(place.uid === null ? {} : { uid: place.uid, gid: place.uid }),
  })
  await once(child, 'spawn')
  child.unref()
  const { pid } = child
  if (pid === undefined) throw new Error('the agent has no process id')
  // Where /proc exists and shows nothing the agent is dead already; no process has started at tick "none".
  return { child, process: { pid, startTime: hasProc() ? (startTimeOf(pid) ?? 'none') : null } }
}
