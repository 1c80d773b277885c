import type { Group } from '../commands.ts'

export const prebuildCommands: Group = {
  name: 'prebuilds',
  section: 'Workspaces',
  summary: 'see pools of prebuilt workspaces, and replace what is in them',
  example: 'daybreak prebuilds list --watch',
  entries: [
    {
      name: 'list',
      summary: 'list pools: what is wanted, until when, and what is there',
      load: async () => (await import('./list.ts')).listPrebuildsCommand,
    },
    {
      name: 'invalidate',
      summary: 'replace every unclaimed prebuild of a template',
      load: async () => (await import('./invalidate.ts')).invalidatePrebuildsCommand,
    },
  ],
}
