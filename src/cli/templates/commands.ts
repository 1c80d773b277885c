import type { Group } from '../commands.ts'

export const templateCommands: Group = {
  name: 'templates',
  section: 'Workspaces',
  summary: 'push templates and choose their active versions',
  example: 'daybreak templates push ./my-template',
  entries: [
    {
      name: 'push',
      summary: 'upload a folder as a new version',
      load: async () => (await import('./push.ts')).pushTemplateCommand,
    },
    {
      name: 'list',
      summary: 'list templates',
      load: async () => (await import('./list.ts')).listTemplatesCommand,
    },
    {
      name: 'versions',
      summary: 'list the versions of a template',
      load: async () => (await import('./versions.ts')).listVersionsCommand,
    },
    {
      name: 'promote',
      summary: 'make a version the active one',
      load: async () => (await import('./promote.ts')).promoteVersionCommand,
    },
    {
      name: 'acl',
      summary: 'see and change who may use a template',
      load: async () => (await import('./acl.ts')).templateAclCommand,
    },
  ],
}
