// Whether a workspace may be made from a template, for its owner to have: also asked when a prebuilt one is claimed.
import type { Validation } from '../errors.ts'
import type { Acl } from './acl.ts'
import { may, type Target } from './may.ts'
import type { Subject } from './subject.ts'

export type CreateTemplate = {
  id: string
  name: string
  organizationId: string
  userAcl?: Acl
  groupAcl?: Acl
  /** What its keeper says to those who still ask for it; empty: it is not deprecated. */
  deprecated: string
}

export type CreateWorkspaceRefusal = {
  outcome: 'refuse'
  code: 'invalid' | 'forbidden'
  status: 400 | 403
  message: string
  detail?: string
  validations: readonly Validation[]
}
export type CreateWorkspaceDecision = { outcome: 'create' } | CreateWorkspaceRefusal

/** The order is part of the wire format: a ban on creation answers before the template's own list does. */
export function decideCreateWorkspace(
  subject: Subject,
  { template, ownerId }: { template: CreateTemplate; ownerId: string },
): CreateWorkspaceDecision {
  const { id, name, organizationId, userAcl = {}, groupAcl = {}, deprecated } = template
  const target: Target = { type: 'template', id, organizationId, userAcl, groupAcl }
  if (!may(subject, 'read', target)) return refuseUnknownTemplate(id)
  if (!may(subject, 'create', { type: 'workspace', ownerId, organizationId })) {
    return forbid('Unauthorized to create workspace.')
  }
  if (!may(subject, 'use', target)) return forbid(`Unauthorized access to use the template "${name}".`)
  if (deprecated === '') return { outcome: 'create' }
  return {
    outcome: 'refuse',
    code: 'invalid',
    status: 400,
    message: `Template "${name}" has been deprecated, and cannot be used to create a new workspace.`,
    detail: deprecated,
    validations: [],
  }
}

/** The answer for a template that is hidden and for one that does not exist: the two must look alike. */
export function refuseUnknownTemplate(id: string): CreateWorkspaceRefusal {
  return {
    outcome: 'refuse',
    code: 'invalid',
    status: 400,
    message: `Template "${id}" doesn't exist.`,
    validations: [{ field: 'template_id', detail: 'template not found' }],
  }
}

function forbid(message: string): CreateWorkspaceDecision {
  return { outcome: 'refuse', code: 'forbidden', status: 403, message, validations: [] }
}
