// Who asks, and what is answered when he may not. What somebody may not read does not exist for him.
import { z } from 'zod'
import type { FindSessionRow } from '../../sql/identity.sql.ts'
import { may, type Target } from '../domain/rbac/may.ts'
import type { Action } from '../domain/rbac/resources.ts'
import { readPermissions } from '../domain/rbac/customRoles.ts'
import type { CustomRole } from '../domain/rbac/roles.ts'
import type { Subject } from '../domain/rbac/subject.ts'
import { forbidden, notFound } from '../domain/refusals.ts'
import { SYSTEM_USER_ID } from '../systemUser.ts'

export type Actor = { id: string; username: string; subject: Subject }

/** Throws 403: he may see it, but not do this. */
export function requireMay(actor: Actor, action: Action, target: Target): void {
  if (!may(actor.subject, action, target)) throw forbidden()
}

/** Throws 404. */
export function requireRead(actor: Actor, target: Target): void {
  if (!may(actor.subject, 'read', target)) throw notFound()
}

export function workspaceTarget(row: { id?: string; ownerId: string; organizationId: string }): Target {
  return {
    type: 'workspace',
    ...(row.id === undefined ? {} : { id: row.id }),
    ownerId: row.ownerId,
    organizationId: row.organizationId,
  }
}

type Transition = 'start' | 'stop' | 'delete'

/** Prebuilds nobody owns: who keeps templates may clear them away. */
export function mayChangeWorkspace(
  actor: Actor,
  transition: Transition,
  row: { id: string; ownerId: string; organizationId: string },
): boolean {
  if (may(actor.subject, transition, workspaceTarget(row))) return true
  const isPrebuild = row.ownerId === SYSTEM_USER_ID
  const prebuild: Target = { type: 'prebuilt_workspace', id: row.id, organizationId: row.organizationId }
  return isPrebuild && transition === 'delete' && may(actor.subject, 'delete', prebuild)
}

const Acl = z.record(z.string(), z.array(z.string()))

export type TemplateRow = { id: string; organizationId: string; userAcl: unknown; groupAcl: unknown }

export function templateTarget(row: TemplateRow): Target {
  return {
    type: 'template',
    id: row.id,
    organizationId: row.organizationId,
    userAcl: Acl.parse(row.userAcl ?? {}),
    groupAcl: Acl.parse(row.groupAcl ?? {}),
  }
}

/** Organizations in which he may read other people's workspaces; null: in all. */
export function organizationsOfOthersWorkspaces(actor: Actor): readonly string[] | null {
  const somebody = { type: 'workspace', ownerId: SYSTEM_USER_ID } as const
  if (may(actor.subject, 'read', somebody)) return null
  return actor.subject.memberships
    .map(({ organizationId }) => organizationId)
    .filter((organizationId) => may(actor.subject, 'read', { ...somebody, organizationId }))
}

const Memberships = z.array(z.object({ organizationId: z.string(), roles: z.array(z.string()) }))
const Rows = z.array(z.object({ resource_type: z.string(), action: z.string(), negate: z.boolean().default(false) }))
const CustomRoles = z.array(
  z.object({
    name: z.string(),
    organizationId: z.string().nullable(),
    displayName: z.string(),
    site: Rows,
    organization: Rows,
    user: Rows,
  }),
)

export function toActor(row: FindSessionRow): Actor {
  return {
    id: row.id,
    username: row.username,
    subject: {
      id: row.id,
      siteRoles: row.roles,
      memberships: Memberships.parse(row.memberships),
      groups: row.groups,
      scopes: row.scopes,
      allowList: row.allowList,
      customRoles: CustomRoles.parse(row.customRoles).map(toCustomRole),
      isSystem: row.isSystem,
    },
  }
}

function toCustomRole(row: z.output<typeof CustomRoles>[number]): CustomRole {
  return {
    name: row.name,
    displayName: row.displayName,
    ...(row.organizationId === null ? {} : { organizationId: row.organizationId }),
    site: readPermissions(row.site),
    org: readPermissions(row.organization),
    user: readPermissions(row.user),
  }
}
