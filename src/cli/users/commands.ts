import type { Group } from '../commands.ts'

export const userCommands: Group = {
  name: 'users',
  section: 'People and access',
  summary: 'make users, and say what they may',
  example: 'daybreak users create ana --email ana@example.com',
  entries: [
    {
      name: 'list',
      summary: 'list the users that you may see',
      load: async () => (await import('./list.ts')).listUsersCommand,
    },
    {
      name: 'create',
      summary: 'make a user',
      load: async () => (await import('./create.ts')).createUserCommand,
    },
    {
      name: 'show',
      summary: 'show one user',
      load: async () => (await import('./show.ts')).showUserCommand,
    },
    {
      name: 'delete',
      summary: 'delete users who have no workspaces',
      load: async () => (await import('./delete.ts')).deleteUsersCommand,
    },
    {
      name: 'suspend',
      summary: 'keep a user out from now on',
      load: async () => (await import('./status.ts')).suspendUserCommand,
    },
    {
      name: 'activate',
      summary: 'let a suspended user in again',
      load: async () => (await import('./status.ts')).activateUserCommand,
    },
    {
      name: 'roles',
      summary: 'show or change the roles of a user',
      load: async () => (await import('./roles.ts')).userRolesCommand,
    },
    {
      name: 'password',
      summary: 'set your password, or that of somebody else',
      load: async () => (await import('./password.ts')).userPasswordCommand,
    },
  ],
}
