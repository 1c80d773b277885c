import type { Group } from '../commands.ts'

export const groupCommands: Group = {
  name: 'groups',
  section: 'People and access',
  summary: 'make groups, and put people in',
  example: 'daybreak groups add builders ana',
  entries: [
    {
      name: 'list',
      summary: 'list groups',
      load: async () => (await import('./list.ts')).listGroupsCommand,
    },
    {
      name: 'create',
      summary: 'make a group',
      load: async () => (await import('./create.ts')).createGroupCommand,
    },
    {
      name: 'show',
      summary: 'show a group and its members',
      load: async () => (await import('./show.ts')).showGroupCommand,
    },
    {
      name: 'add',
      summary: 'put users into a group',
      load: async () => (await import('./move.ts')).addToGroupCommand,
    },
    {
      name: 'remove',
      summary: 'take users out of a group',
      load: async () => (await import('./move.ts')).removeFromGroupCommand,
    },
    {
      name: 'delete',
      summary: 'delete a group and all that it was granted',
      load: async () => (await import('./delete.ts')).deleteGroupCommand,
    },
  ],
}
