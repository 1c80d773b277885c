// Every kind of thing that can be asked about, with the actions that mean something on it; any other pair is refused.

const CRUD = ['create', 'read', 'update', 'delete'] as const
const INSIDE = ['ssh', 'application_connect', 'create_agent', 'delete_agent'] as const
const WORKSPACE = [...CRUD, 'start', 'stop', ...INSIDE, 'share'] as const

/** Names are those of the wire format: clients send them to `/authcheck` and in token scopes. */
export const RESOURCES = {
  template: [...CRUD, 'use', 'view_insights'],
  workspace: WORKSPACE,
  workspace_dormant: WORKSPACE,
  prebuilt_workspace: ['update', 'delete'],
  workspace_agent_resource_monitor: ['create', 'read', 'update'],
  workspace_agent_devcontainers: ['create'],
  workspace_proxy: CRUD,
  file: ['create', 'read'],
  provisioner_daemon: CRUD,
  provisioner_jobs: ['create', 'read', 'update'],
  organization: CRUD,
  organization_member: CRUD,
  group: CRUD,
  group_member: ['read'],
  idpsync_settings: ['read', 'update'],
  user: [...CRUD, 'read_personal', 'update_personal'],
  user_secret: CRUD,
  api_key: CRUD,
  oauth2_app: CRUD,
  oauth2_app_secret: CRUD,
  oauth2_app_code_token: ['create', 'read', 'delete'],
  assign_role: ['assign', 'unassign', 'read'],
  assign_org_role: [...CRUD, 'assign', 'unassign'],
  notification_message: CRUD,
  notification_template: ['read', 'update'],
  notification_preference: ['read', 'update'],
  inbox_notification: ['create', 'read', 'update'],
  webpush_subscription: ['create', 'read', 'delete'],
  audit_log: ['read'],
  connection_log: ['read'],
  debug_info: ['read'],
  deployment_config: ['read', 'update'],
  deployment_stats: ['read'],
  usage_event: ['create', 'read', 'update'],
  /** Ours: what the queue does, for operators. */
  job: ['read', 'update'],
} as const satisfies Record<string, readonly string[]>

export type ResourceType = keyof typeof RESOURCES
export type Action = (typeof RESOURCES)[ResourceType][number]

export type Grants = Readonly<Partial<Record<ResourceType, readonly Action[]>>>

/** Kinds of the deployment itself: no organization, even if a check names one, opens them. */
export const SITE_KINDS = [
  'user',
  'assign_role',
  'oauth2_app',
  'oauth2_app_secret',
  'workspace_proxy',
  'notification_template',
  'debug_info',
  'deployment_config',
  'deployment_stats',
  'usage_event',
  'job',
] as const satisfies readonly ResourceType[]

/** Kinds that belong to one user. Others have no owner: who names himself as one in a check gets nothing by it. */
export const OWNED_KINDS = [
  'file',
  'provisioner_daemon',
  'group_member',
  'user_secret',
  'api_key',
  'oauth2_app_code_token',
  'notification_message',
  'notification_preference',
  'inbox_notification',
  'webpush_subscription',
  'workspace_agent_resource_monitor',
  'workspace_agent_devcontainers',
] as const satisfies readonly ResourceType[]

export const RESOURCE_TYPES: readonly ResourceType[] = Object.keys(RESOURCES).filter(isResourceType)

/** For text from outside; `hasOwn`, because "constructor" is no kind. */
export function isResourceType(text: string): text is ResourceType {
  return Object.hasOwn(RESOURCES, text)
}

export function actionsOf(type: ResourceType): readonly Action[] {
  return RESOURCES[type]
}

export function isActionOf(type: string, action: string): action is Action {
  return isResourceType(type) && includes(actionsOf(type), action)
}

export function everyActionOn(types: readonly ResourceType[]): Grants {
  return Object.fromEntries(types.map((type) => [type, actionsOf(type)]))
}

/** Everything but the kinds named, and but single actions on some of the rest. */
export function everythingExcept({ kinds, actions }: { kinds: readonly ResourceType[]; actions: Grants }): Grants {
  return subtract(everyActionOn(RESOURCE_TYPES.filter((type) => !kinds.includes(type))), actions)
}

export function subtract(grants: Grants, without: Grants): Grants {
  const left = RESOURCE_TYPES.flatMap((type) => {
    const actions = grants[type]?.filter((action) => !without[type]?.includes(action)) ?? []
    return actions.length === 0 ? [] : [[type, actions] as const]
  })
  return Object.fromEntries(left)
}

export function includes(actions: readonly string[] | undefined, action: string): boolean {
  return actions?.includes(action) ?? false
}
