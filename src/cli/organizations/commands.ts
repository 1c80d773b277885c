import type { Group } from '../commands.ts'

export const organizationCommands: Group = {
  name: 'organizations',
  section: 'People and access',
  summary: 'make organizations, and say who belongs to them',
  example: 'daybreak organizations members add ana --organization north',
  entries: [
    {
      name: 'list',
      summary: 'list organizations',
      load: async () => (await import('./list.ts')).listOrganizationsCommand,
    },
    {
      name: 'show',
      summary: 'show one organization',
      load: async () => (await import('./show.ts')).showOrganizationCommand,
    },
    {
      name: 'create',
      summary: 'make an organization',
      load: async () => (await import('./create.ts')).createOrganizationCommand,
    },
    {
      name: 'delete',
      summary: 'delete an organization without templates and workspaces',
      load: async () => (await import('./delete.ts')).deleteOrganizationCommand,
    },
    {
      name: 'members',
      summary: 'list members; add, remove and give roles',
      load: async () => (await import('./members.ts')).membersCommand,
    },
  ],
}
