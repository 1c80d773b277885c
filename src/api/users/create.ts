// Its own router: it needs organizations, and their members need users.
import { Router } from 'express'
import type { Request } from 'express'
import { insertMember, insertUser } from '../../../sql/identity.sql.ts'
import { setPassword } from '../../../sql/users.sql.ts'
import type { Input } from '../../contract/endpoint.ts'
import { createUser, type User } from '../../contract/users.ts'
import { Refusal, type Validation } from '../../domain/errors.ts'
import { passwordProblem, passwords } from '../../password.ts'
import { type Actor, requireMay } from '../access.ts'
import { audit } from '../audit.ts'
import { resolveOrganization } from '../organizations.ts'
import { type ApiContext, route } from '../route.ts'
import { reread } from '../users.ts'
import { refuseTaken } from './guards.ts'

type By = { actor: Actor; request: Request }

export function userCreation(context: ApiContext): Router {
  const router = Router()
  route(router, context, createUser, async ({ body }, by) => await makeUser(context, body, by))
  return router
}

async function makeUser(
  { db }: ApiContext,
  body: Input<typeof createUser>['body'],
  { actor, request }: By,
): Promise<User> {
  const { username, email, name, login_type: loginType } = body
  requireMay(actor, 'create', { type: 'user' })
  const organizations = new Set<string>()
  for (const id of body.organization_ids.length === 0 ? ['default'] : body.organization_ids) {
    const organization = await resolveOrganization(db, id, actor)
    requireMay(actor, 'create', { type: 'organization_member', organizationId: organization.id })
    organizations.add(organization.id)
  }
  refuseFields(passwordProblems(body))
  const passwordHash = loginType === 'password' ? await passwords.hash(body.password) : null
  return await refuseTaken(() =>
    db.transaction(async (tx) => {
      const { id } = await insertUser(tx, { username, email, name, loginType, roles: [] })
      if (passwordHash !== null) await setPassword(tx, { id, passwordHash })
      for (const organizationId of organizations) await insertMember(tx, { userId: id, organizationId })
      const after = { username, email, name, login_type: loginType, organization_ids: [...organizations] }
      const target = { type: 'user', id, name: username }
      await audit(tx, { actor, request }, { action: 'create', target, after })
      return await reread(tx, id)
    }),
  )
}

function passwordProblems(body: Input<typeof createUser>['body']): Validation[] {
  const problem =
    body.login_type === 'password'
      ? passwordProblem(body.password, [body.username, body.email])
      : body.password === ''
        ? undefined
        : 'A user of login type "none" has no password.'
  return problem === undefined ? [] : [{ field: 'password', detail: problem }]
}

function refuseFields(validations: readonly Validation[]): void {
  if (validations.length > 0) throw new Refusal('invalid', 'Validation failed.', { validations })
}
