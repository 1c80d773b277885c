// Permissions as a database row or a request writes them, in the form that the rules read.
import { type Action, actionsOf, isResourceType, type Grants, RESOURCE_TYPES, type ResourceType } from './resources.ts'
import type { Permissions } from './roles.ts'

/** `*` stands for every type, or every action of the type. */
export type PermissionRow = { resource_type: string; action: string; negate: boolean }

/** What no longer exists is left out: it would grant nothing, and what nobody may needs no refusal. */
export function readPermissions(rows: readonly PermissionRow[]): Permissions {
  return {
    allow: readGrants(rows.filter(({ negate }) => !negate)),
    deny: readGrants(rows.filter(({ negate }) => negate)),
  }
}

function readGrants(rows: readonly PermissionRow[]): Grants {
  const grants: Partial<Record<ResourceType, Action[]>> = {}
  for (const { resource_type, action } of rows) {
    for (const type of typesOf(resource_type)) {
      const actions = actionsOf(type).filter((known) => action === '*' || action === known)
      grants[type] = [...(grants[type] ?? []), ...actions]
    }
  }
  return grants
}

function typesOf(text: string): readonly ResourceType[] {
  if (text === '*') return RESOURCE_TYPES
  return isResourceType(text) ? [text] : []
}
