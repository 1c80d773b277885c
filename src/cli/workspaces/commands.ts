import type { Group } from '../commands.ts'

export const workspaceCommands: Group = {
  name: 'workspaces',
  section: 'Workspaces',
  summary: 'create, see, start, stop and delete workspaces',
  example: 'daybreak workspaces create mine --preset always-warm',
  entries: [
    {
      name: 'create',
      summary: 'claim a prebuilt workspace, or build one',
      load: async () => (await import('./create.ts')).createWorkspaceCommand,
    },
    {
      name: 'list',
      summary: 'list your workspaces',
      load: async () => (await import('./list.ts')).listWorkspacesCommand,
    },
    {
      name: 'show',
      summary: 'show one workspace and its agents',
      load: async () => (await import('./show.ts')).showWorkspaceCommand,
    },
    {
      name: 'start',
      summary: 'start a stopped workspace',
      load: async () => (await import('./start.ts')).startWorkspaceCommand,
    },
    {
      name: 'stop',
      summary: 'stop a running workspace',
      load: async () => (await import('./stop.ts')).stopWorkspaceCommand,
    },
    {
      name: 'delete',
      summary: 'delete workspaces and all that is in them',
      load: async () => (await import('./delete.ts')).deleteWorkspacesCommand,
    },
    {
      name: 'logs',
      summary: 'print what the last build and the start scripts wrote',
      load: async () => (await import('./logs.ts')).workspaceLogsCommand,
    },
  ],
}
