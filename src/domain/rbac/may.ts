// Who may do what: denied unless a role or an access list allows it, and the token's scope too.
import { SYSTEM_USER_ID } from '../../systemUser.ts'
import { type Acl, aclGrants } from './acl.ts'
import { type Action, includes, isActionOf, type ResourceType } from './resources.ts'
import type { CustomRole, Permissions } from './roles.ts'
import { type HeldRoles, heldRoles } from './roles/held.ts'
import { findScope, isInAllowList } from './scopes.ts'
