// The one shape of every driver: it turns a template into a manifest, and a build into something that runs.
import type { TemplateManifest } from '../domain/manifest.ts'

/** Where a running job writes for people, and how it learns that it should stop. */
export type DriverIo = {
  log(line: { level: 'debug' | 'info' | 'warn' | 'error'; stage: string; output: string }): void
  signal: AbortSignal
}

export type Transition = 'start' | 'stop' | 'delete'
/** `prebuild`: nobody owns it yet. `claim`: it changes hands. `none`: an ordinary build. */
export type Stage = 'none' | 'prebuild' | 'claim'

/** One agent that this build must have running, with the token that it signs in with. */
export type AgentCredential = { id: string; name: string; token: string }

export type ProvisionRequest = {
  buildId: string
  buildNumber: number
  workspaceId: string
  workspaceName: string
  ownerName: string
  transition: Transition
  stage: Stage
  manifest: TemplateManifest
  parameters: Readonly<Record<string, string>>
  agents: readonly AgentCredential[]
}

export type ProvisionResult = { ok: true } | { ok: false; error: string; code?: string }

/** What `resume` and the process watcher tell the worker about an agent that this driver started. */
export type DriverEvents = {
  /**
   * An agent's process ended without being asked to. It is started again only when this resolves: else what the new one
   * reports could be undone.
   */
  agentExited(event: { workspaceId: string; buildId: string; reason: string }): Promise<void>
}

/** A workspace that should be running on this host, as the database says. */
export type WantedWorkspace = {
  workspaceId: string
  buildId: string
  workspaceName: string
  ownerName: string
  manifest: TemplateManifest
  agents: readonly AgentCredential[]
}

export type ResumeReport = { adopted: number; restarted: number; killed: number }

export type Driver = {
  name: 'process' | 'docker' | 'terraform'
  /** Ownership can change without a new provision. */
  claimsInPlace: boolean
  /**
   * Import: what the template in `source` declares. Problems are thrown as `Refusal('invalid')` with file and position.
   */
  inspect(source: Uint8Array, io: DriverIo): Promise<TemplateManifest>
  /** A template's own failure is a result, never an exception. Repeating a request changes nothing more. */
  provision(request: ProvisionRequest, io: DriverIo): Promise<ProvisionResult>
  /** At worker start and each minute: adopts what runs, restarts what should, kills what should not. */
  resume(wanted: readonly WantedWorkspace[]): Promise<ResumeReport>
  /**
   * Stops every workspace of this driver on this host with its stop scripts; they start again with the next `resume`.
   */
  stopAll(options: { graceMs: number }): Promise<void>
  /** Lets go of watchers and timers; leaves workspaces running. */
  close(): Promise<void>
}
