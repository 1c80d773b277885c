// Who may do what: deny by default. What somebody may not read does not exist for them.
import { Refusal } from './errors.ts'

export type Actor = {
  id: string
  username: string
  roles: readonly string[]
}

export const isAdmin = (actor: Actor): boolean => actor.roles.includes('owner')
export const isTemplateAdmin = (actor: Actor): boolean => isAdmin(actor) || actor.roles.includes('template-admin')

export function mayReadWorkspace(actor: Actor, { ownerId }: { ownerId: string }): boolean {
  return isTemplateAdmin(actor) || ownerId === actor.id
}

export function mayChangeWorkspace(actor: Actor, { ownerId }: { ownerId: string }): boolean {
  return isAdmin(actor) || ownerId === actor.id
}

/** The answer to what is hidden or gone: the two must look alike. */
export function notFound(): Refusal {
  return new Refusal('not-found', 'Resource not found or you do not have access to this resource')
}

export function forbidden(detail?: string): Refusal {
  return new Refusal('forbidden', 'Forbidden.', detail === undefined ? {} : { detail })
}
