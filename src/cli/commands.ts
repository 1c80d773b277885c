// Every command in one list. Each is loaded only when it is named, so that help and mistakes answer at once.
import type { Command } from 'commander'
import { groupCommands } from './groups/commands.ts'
import { organizationCommands } from './organizations/commands.ts'
import { prebuildCommands } from './prebuilds/commands.ts'
import { templateCommands } from './templates/commands.ts'
import { tokenCommands } from './tokens/commands.ts'
import { userCommands } from './users/commands.ts'
import { workspaceCommands } from './workspaces/commands.ts'
import type { Session } from './session.ts'

/** Declares arguments, options, examples and the action on a bare command. */
export type Define = (command: Command, session: Session) => void
export type Entry = { name: string; summary: string; load: () => Promise<Define> }
/** `section` is the heading in `daybreak --help`. */
export type Group = { name: string; section: Section; summary: string; example: string; entries: readonly Entry[] }
export type Section = (typeof SECTIONS)[number]

export const SECTIONS = ['Workspaces', 'People and access', 'You'] as const

export const COMMANDS: readonly (Entry & { section: Section })[] = [
  {
    name: 'login',
    section: 'You',
    summary: 'sign in at a server',
    load: async () => (await import('./login.ts')).login,
  },
  {
    name: 'logout',
    section: 'You',
    summary: 'end your session and forget it',
    load: async () => (await import('./logout.ts')).logout,
  },
  {
    name: 'whoami',
    section: 'You',
    summary: 'say who you are, and where',
    load: async () => (await import('./whoami.ts')).whoami,
  },
  {
    name: 'audit',
    section: 'People and access',
    summary: 'see who changed what',
    load: async () => (await import('./audit.ts')).audit,
  },
]

export const GROUPS: readonly Group[] = [
  workspaceCommands,
  templateCommands,
  prebuildCommands,
  organizationCommands,
  groupCommands,
  userCommands,
  tokenCommands,
]
