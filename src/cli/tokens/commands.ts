import type { Group } from '../commands.ts'

export const tokenCommands: Group = {
  name: 'tokens',
  section: 'People and access',
  summary: 'make, list and end API tokens',
  example: 'daybreak tokens create ci --lifetime 90d',
  entries: [
    {
      name: 'create',
      summary: 'make a token for a program',
      load: async () => (await import('./create.ts')).createTokenCommand,
    },
    {
      name: 'list',
      summary: 'list your tokens',
      load: async () => (await import('./list.ts')).listTokensCommand,
    },
    {
      name: 'delete',
      summary: 'end tokens at once',
      load: async () => (await import('./delete.ts')).deleteTokensCommand,
    },
  ],
}
