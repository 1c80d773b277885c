// The built-in roles as data: what each grants or refuses, on the whole deployment, in one organization, on one's own.
import { everyActionOn, everythingExcept, type Grants, OWNED_KINDS, RESOURCES, SITE_KINDS } from './resources.ts'

/** Of one level; what `deny` names beats every `allow` of the same level. */
export type Permissions = { allow?: Grants; deny?: Grants }

export type Role = {
  name: string
  displayName: string
  /** On everything. */
  site?: Permissions
  /** On what one owns outside of organizations. */
  user?: Permissions
  /** On everything in the organization where the role is held. */
  org?: Permissions
  /** On what one owns in that organization. */
  orgMember?: Permissions
}

/** A row of `custom_roles`: without organization a site role. It never replaces a built-in role of the same name. */
export type CustomRole = Role & { organizationId?: string }

/** What opens a workspace from the inside. */
const ENTER = ['ssh', 'application_connect'] as const
/** A dormant workspace is woken (an update) before it can be started. */
const ASLEEP = ['start'] as const

const READ_ORGANIZATION: Grants = {
  organization: ['read'],
  organization_member: ['read'],
  group: ['read'],
  group_member: ['read'],
}
const READ_EVERYBODY: Grants = { ...READ_ORGANIZATION, user: ['read'] }

const AUDIT: Grants = {
  audit_log: ['read'],
  connection_log: ['read'],
  /** Not `use`: who may look at every template must not start workspaces from it. */
  template: ['read', 'view_insights'],
}

const KEEP_TEMPLATES: Grants = {
  template: RESOURCES.template,
  file: ['create', 'read'],
  workspace: ['read'],
  prebuilt_workspace: ['update', 'delete'],
  provisioner_daemon: RESOURCES.provisioner_daemon,
}

const KEEP_MEMBERS: Grants = {
  organization: ['read'],
  organization_member: RESOURCES.organization_member,
  group: RESOURCES.group,
  group_member: ['read'],
  assign_org_role: ['assign', 'unassign', 'read'],
  idpsync_settings: ['read', 'update'],
}

/** Everybody has it, said or not. */
export const MEMBER: Role = {
  name: 'member',
  displayName: 'Member',
  site: { allow: { assign_role: ['read'], oauth2_app: ['read'], workspace_proxy: ['read'] } },
  user: { allow: { ...everyActionOn(OWNED_KINDS), user: ['read', 'read_personal', 'update_personal'] } },
}

export const OWNER: Role = {
  name: 'owner',
  displayName: 'Owner',
  site: {
    allow: everythingExcept({ kinds: ['user_secret', 'usage_event'], actions: { workspace_dormant: ASLEEP } }),
  },
}

/** The owner of a deployment that keeps administrators out of other people's workspaces. */
export const OWNER_OUTSIDE: Role = {
  ...OWNER,
  site: {
    allow: everythingExcept({
      kinds: ['user_secret', 'usage_event'],
      actions: { workspace: ENTER, workspace_dormant: [...ASLEEP, ...ENTER] },
    }),
  },
}

export const SITE_ROLES: readonly Role[] = [
  OWNER,
  MEMBER,
  {
    name: 'template-admin',
    displayName: 'Template Admin',
    site: { allow: { ...KEEP_TEMPLATES, ...READ_EVERYBODY } },
  },
  {
    name: 'user-admin',
    displayName: 'User Admin',
    site: {
      allow: { ...KEEP_MEMBERS, user: RESOURCES.user, assign_role: ['assign', 'unassign', 'read'] },
    },
  },
  {
    name: 'auditor',
    displayName: 'Auditor',
    site: {
      allow: { ...AUDIT, ...READ_EVERYBODY, deployment_stats: ['read'], deployment_config: ['read'] },
    },
  },
]

/** Every member of an organization has it there, said or not. */
export const ORGANIZATION_MEMBER: Role = {
  name: 'organization-member',
  displayName: 'Organization Member',
  org: { allow: { organization: ['read'], provisioner_daemon: ['read'], assign_org_role: ['read'] } },
  orgMember: {
    allow: {
      ...everyActionOn(OWNED_KINDS),
      organization_member: ['read'],
      workspace: RESOURCES.workspace,
      workspace_dormant: RESOURCES.workspace_dormant.filter((action) => action !== 'start'),
    },
  },
}

export const ORGANIZATION_ROLES: readonly Role[] = [
  ORGANIZATION_MEMBER,
  {
    name: 'organization-admin',
    displayName: 'Organization Admin',
    // Whoever is to be made a member is not one yet.
    site: { allow: { user: ['read'] } },
    org: {
      allow: everythingExcept({
        kinds: [...SITE_KINDS, 'user_secret'],
        actions: { workspace: ENTER, workspace_dormant: [...ASLEEP, ...ENTER] },
      }),
    },
  },
  {
    name: 'organization-auditor',
    displayName: 'Organization Auditor',
    org: { allow: { ...AUDIT, ...READ_ORGANIZATION } },
  },
  {
    name: 'organization-user-admin',
    displayName: 'Organization User Admin',
    site: { allow: { user: ['read'] } },
    org: { allow: KEEP_MEMBERS },
  },
  {
    name: 'organization-template-admin',
    displayName: 'Organization Template Admin',
    org: {
      allow: { ...KEEP_TEMPLATES, ...READ_ORGANIZATION, provisioner_jobs: RESOURCES.provisioner_jobs },
    },
  },
  {
    name: 'organization-workspace-creation-ban',
    displayName: 'Organization Workspace Creation Ban',
    org: { deny: { workspace: ['create', 'delete', 'create_agent', 'delete_agent'] } },
  },
]
