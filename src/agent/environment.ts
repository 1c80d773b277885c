import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { AgentManifest } from '../contract/agentApi.ts'
import type { AgentConfig } from './config.ts'

/** What a script sees. The template may replace PATH, HOME and LANG, but not who and where it is. */
export function scriptEnvironment(config: AgentConfig, manifest: AgentManifest): Record<string, string> {
  return {
    PATH: config.path,
    HOME: config.home,
    LANG: config.lang,
    ...manifest.environment_variables,
    DAYBREAK_WORKSPACE_NAME: manifest.workspace_name,
    // The driver finds every process of a workspace by this value, so it is the one that the driver gave.
    DAYBREAK_WORKSPACE_ID: config.workspaceId,
    DAYBREAK_OWNER: manifest.owner_username,
    DAYBREAK_AGENT_NAME: manifest.agent_name,
    DAYBREAK_STAGE: manifest.stage,
    DAYBREAK_GENERATION: String(manifest.generation),
  }
}

/** The directory of the manifest, relative to HOME, made if it is missing. */
export async function workingDirectory(config: AgentConfig, manifest: AgentManifest): Promise<string> {
  const directory = resolve(config.home, manifest.directory.replace(/^~(?=\/|$)\/?/, ''))
  await mkdir(directory, { recursive: true })
  return directory
}
