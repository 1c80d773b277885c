// What must hold before somebody's standing changes, whoever asks.
import { listKnownCustomRoles, listMemberRoles, lockOwners } from '../../../sql/users.sql.ts'
import { type Db, isUniqueViolation, type Tx } from '../../../sql/database.ts'
import { Refusal } from '../../domain/errors.ts'
import { listOrganizationRoles, listSiteRoles, mayChangeRole } from '../../domain/rbac/assignable.ts'
import type { CustomRole } from '../../domain/rbac/roles.ts'
import { forbidden } from '../../domain/refusals.ts'
import { SYSTEM_USER_ID } from '../../systemUser.ts'
import type { Actor } from '../access.ts'

/** Throws 403: the owner of the prebuilds is nobody's to change. */
export function refuseSystemUser({ id }: { id: string }): void {
  if (id === SYSTEM_USER_ID) throw forbidden('This user belongs to the system.')
}

/**
 * Throws 403 where the user holds a role that the actor could not give. Who sets a password or makes a token works as
 * that user from then on: without this rule an admin of users would be an owner whenever he liked.
 */
export async function requireAbove(
  db: Db,
  { actor, user }: { actor: Actor; user: { id: string; roles: readonly string[] } },
): Promise<void> {
  if (actor.id === user.id) return
  const held = [...user.roles.map((name) => ({ name })), ...(await organizationRoles(db, user.id))]
  const customRoles = await findCustomRoles(
    db,
    held.map(({ name }) => name),
  )
  const beyond = held
    .filter((role) => exists(role, { actor, customRoles }))
    .find((role) => !mayChangeRole(actor.subject, { action: 'unassign', customRoles, ...role }))
  if (beyond) throw forbidden(`This user has the role "${beyond.name}", which is not yours to give.`)
}

type HeldRole = { name: string; organizationId?: string }

async function organizationRoles(db: Db, userId: string): Promise<HeldRole[]> {
  const memberships = await listMemberRoles(db, { userId })
  return memberships.flatMap(({ organizationId, roles }) =>
    // A role may carry `:<organization id>` behind its name.
    roles.map((role) => ({ name: role.replace(/:.*$/, ''), organizationId })),
  )
}

/** One that was removed since gives nothing, and stands in nobody's way. */
function exists(role: HeldRole, { actor, customRoles }: { actor: Actor; customRoles: readonly CustomRole[] }): boolean {
  const { name, organizationId } = role
  const known =
    organizationId === undefined
      ? listSiteRoles(actor.subject, customRoles)
      : listOrganizationRoles(actor.subject, { organizationId, customRoles })
  return known.some((one) => one.name === name)
}

export async function findCustomRoles(db: Db, names: readonly string[]): Promise<CustomRole[]> {
  if (names.length === 0) return []
  const rows = await listKnownCustomRoles(db, { names })
  return rows.map(({ name, displayName, organizationId }) => ({
    name,
    displayName,
    ...(organizationId === null ? {} : { organizationId }),
  }))
}

/** Throws 409. Comes before other locks of users, so that two who remove each other do not wait for each other. */
export async function keepAnOwner(tx: Tx, { without }: { without: string }): Promise<void> {
  const owners = await lockOwners(tx)
  if (owners.length === 1 && owners[0]?.id === without) {
    throw new Refusal('conflict', 'This is the last owner of the deployment.', {
      detail: 'Make somebody else an owner first.',
    })
  }
}

/** Of names and mail addresses, which no two people share. */
export async function refuseTaken<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const field = isUniqueViolation(error, 'users_username')
      ? 'username'
      : isUniqueViolation(error, 'users_email')
        ? 'email'
        : undefined
    if (field === undefined) throw error
    throw new Refusal('conflict', 'User already exists.', {
      validations: [{ field, detail: 'This value is already in use and should be unique.' }],
      cause: error,
    })
  }
}
