import express, { type Express, Router } from 'express'
import helmet from 'helmet'
import { dashboard } from '../dashboard/router.ts'
import { showSignInProblems } from '../dashboard/signInProblems.ts'
import { Refusal } from '../domain/errors.ts'
import { VERSION } from '../version.ts'
import { agents } from './agents.ts'
import { auditLog } from './auditLog.ts'
import { builds } from './builds.ts'
import { deployment, health } from './deployment.ts'
import { answerErrors } from './errors.ts'
import { files } from './files.ts'
import { keys } from './keys.ts'
import { groups } from './groups.ts'
import { members } from './members.ts'
import { oidc } from './oidc.ts'
import { organizations } from './organizations.ts'
import { prebuilds } from './prebuilds.ts'
import type { ApiContext } from './route.ts'
import { templateAcl } from './templateAcl.ts'
import { templateSettings } from './templateSettings.ts'
import { templates } from './templates.ts'
import { templateVersions } from './templateVersions.ts'
import { users } from './users.ts'
import { userCreation } from './users/create.ts'
import { signIn } from './users/signIn.ts'
import { userStanding } from './users/standing.ts'
import { watch } from './watch.ts'
import { workspaces } from './workspaces.ts'

/** Of a JSON body; files have their own limit. */
const MAX_JSON = '1mb'

export function createApp(context: ApiContext): Express {
  const app = express()
  app.disable('x-powered-by')
  app.set('trust proxy', false)
  app.use(helmet())
  app.use(health(context))
  app.use('/api/v2', api(context))
  app.use(dashboard(context))
  app.use(() => {
    throw new Refusal('not-found', 'Route not found.')
  })
  app.use(showSignInProblems(context))
  app.use(answerErrors(context.log))
  return app
}

function api(context: ApiContext): Router {
  const router = Router()
  router.use((_request, response, next) => {
    response.set({ 'X-Coder-Build-Version': VERSION, 'Cache-Control': 'no-store' })
    next()
  })
  router.use(express.json({ limit: MAX_JSON }))
  for (const resource of RESOURCES) router.use(resource(context))
  router.use(() => {
    throw new Refusal('not-found', 'Route not found.')
  })
  return router
}

/** Every router of the API, in the order in which paths are tried. */
export const RESOURCES: readonly ((context: ApiContext) => Router)[] = [
  deployment,
  signIn,
  userStanding,
  userCreation,
  users,
  oidc,
  keys,
  organizations,
  members,
  groups,
  files,
  templateVersions,
  templates,
  templateSettings,
  templateAcl,
  watch,
  workspaces,
  builds,
  agents,
  prebuilds,
  auditLog,
]
