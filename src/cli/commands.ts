// Every command in one list. Each is loaded only when it is named, so that help and mistakes answer at once.
import type { Command } from 'commander'
import type { Session } from './session.ts'

/** Declares arguments, options, examples and the action on a bare command. */
export type Define = (command: Command, session: Session) => void
export type Entry = { name: string; summary: string; load: () => Promise<Define> }
export type Group = { name: string; summary: string; example: string; entries: readonly Entry[] }

export const COMMANDS: readonly Entry[] = [
  { name: 'login', summary: 'sign in at a server', load: async () => (await import('./login.ts')).login },
  { name: 'logout', summary: 'end your session and forget it', load: async () => (await import('./logout.ts')).logout },
  { name: 'whoami', summary: 'say who you are, and where', load: async () => (await import('./whoami.ts')).whoami },
  { name: 'audit', summary: 'see who changed what', load: async () => (await import('./audit.ts')).audit },
]

export const GROUPS: readonly Group[] = [
  {
    name: 'workspaces',
    summary: 'create, see, start, stop and delete workspaces',
    example: 'daybreak workspaces create mine --preset always-warm',
    entries: [
      {
        name: 'create',
        summary: 'claim a prebuilt workspace, or build one',
        load: async () => (await import('./workspaces/create.ts')).createWorkspaceCommand,
      },
      {
        name: 'list',
        summary: 'list your workspaces',
        load: async () => (await import('./workspaces/list.ts')).listWorkspacesCommand,
      },
      {
        name: 'show',
        summary: 'show one workspace and its agents',
        load: async () => (await import('./workspaces/show.ts')).showWorkspaceCommand,
      },
      {
        name: 'start',
        summary: 'start a stopped workspace',
        load: async () => (await import('./workspaces/start.ts')).startWorkspaceCommand,
      },
      {
        name: 'stop',
        summary: 'stop a running workspace',
        load: async () => (await import('./workspaces/stop.ts')).stopWorkspaceCommand,
      },
      {
        name: 'delete',
        summary: 'delete workspaces and all that is in them',
        load: async () => (await import('./workspaces/delete.ts')).deleteWorkspacesCommand,
      },
      {
        name: 'logs',
        summary: 'print what the last build and the start scripts wrote',
        load: async () => (await import('./workspaces/logs.ts')).workspaceLogsCommand,
      },
    ],
  },
  {
    name: 'templates',
    summary: 'push templates and choose their active versions',
    example: 'daybreak templates push ./my-template',
    entries: [
      {
        name: 'push',
        summary: 'upload a folder as a new version',
        load: async () => (await import('./templates/push.ts')).pushTemplateCommand,
      },
      {
        name: 'list',
        summary: 'list templates',
        load: async () => (await import('./templates/list.ts')).listTemplatesCommand,
      },
      {
        name: 'versions',
        summary: 'list the versions of a template',
        load: async () => (await import('./templates/versions.ts')).listVersionsCommand,
      },
      {
        name: 'promote',
        summary: 'make a version the active one',
        load: async () => (await import('./templates/promote.ts')).promoteVersionCommand,
      },
      {
        name: 'acl',
        summary: 'see and change who may use a template',
        load: async () => (await import('./templates/acl.ts')).templateAclCommand,
      },
    ],
  },
  {
    name: 'prebuilds',
    summary: 'see pools of prebuilt workspaces, and replace what is in them',
    example: 'daybreak prebuilds list --watch',
    entries: [
      {
        name: 'list',
        summary: 'list pools: what is wanted, until when, and what is there',
        load: async () => (await import('./prebuilds/list.ts')).listPrebuildsCommand,
      },
      {
        name: 'invalidate',
        summary: 'replace every unclaimed prebuild of a template',
        load: async () => (await import('./prebuilds/invalidate.ts')).invalidatePrebuildsCommand,
      },
    ],
  },
  {
    name: 'organizations',
    summary: 'make organizations, and say who belongs to them',
    example: 'daybreak organizations members add ana --organization north',
    entries: [
      {
        name: 'list',
        summary: 'list organizations',
        load: async () => (await import('./organizations/list.ts')).listOrganizationsCommand,
      },
      {
        name: 'show',
        summary: 'show one organization',
        load: async () => (await import('./organizations/show.ts')).showOrganizationCommand,
      },
      {
        name: 'create',
        summary: 'make an organization',
        load: async () => (await import('./organizations/create.ts')).createOrganizationCommand,
      },
      {
        name: 'delete',
        summary: 'delete an organization without templates and workspaces',
        load: async () => (await import('./organizations/delete.ts')).deleteOrganizationCommand,
      },
      {
        name: 'members',
        summary: 'list members; add, remove and give roles',
        load: async () => (await import('./organizations/members.ts')).membersCommand,
      },
    ],
  },
  {
    name: 'groups',
    summary: 'make groups, and put people in',
    example: 'daybreak groups add builders ana',
    entries: [
      {
        name: 'list',
        summary: 'list groups',
        load: async () => (await import('./groups/list.ts')).listGroupsCommand,
      },
      {
        name: 'create',
        summary: 'make a group',
        load: async () => (await import('./groups/create.ts')).createGroupCommand,
      },
      {
        name: 'show',
        summary: 'show a group and its members',
        load: async () => (await import('./groups/show.ts')).showGroupCommand,
      },
      {
        name: 'add',
        summary: 'put users into a group',
        load: async () => (await import('./groups/move.ts')).addToGroupCommand,
      },
      {
        name: 'remove',
        summary: 'take users out of a group',
        load: async () => (await import('./groups/move.ts')).removeFromGroupCommand,
      },
      {
        name: 'delete',
        summary: 'delete a group and all that it was granted',
        load: async () => (await import('./groups/delete.ts')).deleteGroupCommand,
      },
    ],
  },
  {
    name: 'users',
    summary: 'make users, and say what they may',
    example: 'daybreak users create ana --email ana@example.com',
    entries: [
      {
        name: 'list',
        summary: 'list the users that you may see',
        load: async () => (await import('./users/list.ts')).listUsersCommand,
      },
      {
        name: 'create',
        summary: 'make a user',
        load: async () => (await import('./users/create.ts')).createUserCommand,
      },
      {
        name: 'show',
        summary: 'show one user',
        load: async () => (await import('./users/show.ts')).showUserCommand,
      },
      {
        name: 'delete',
        summary: 'delete users who have no workspaces',
        load: async () => (await import('./users/delete.ts')).deleteUsersCommand,
      },
      {
        name: 'suspend',
        summary: 'keep a user out from now on',
        load: async () => (await import('./users/status.ts')).suspendUserCommand,
      },
      {
        name: 'activate',
        summary: 'let a suspended user in again',
        load: async () => (await import('./users/status.ts')).activateUserCommand,
      },
      {
        name: 'roles',
        summary: 'show or change the roles of a user',
        load: async () => (await import('./users/roles.ts')).userRolesCommand,
      },
      {
        name: 'password',
        summary: 'set your password, or that of somebody else',
        load: async () => (await import('./users/password.ts')).userPasswordCommand,
      },
    ],
  },
  {
    name: 'tokens',
    summary: 'make, list and end API tokens',
    example: 'daybreak tokens create ci --lifetime 90d',
    entries: [
      {
        name: 'create',
        summary: 'make a token for a program',
        load: async () => (await import('./tokens/create.ts')).createTokenCommand,
      },
      {
        name: 'list',
        summary: 'list your tokens',
        load: async () => (await import('./tokens/list.ts')).listTokensCommand,
      },
      {
        name: 'delete',
        summary: 'end tokens at once',
        load: async () => (await import('./tokens/delete.ts')).deleteTokensCommand,
      },
    ],
  },
]
