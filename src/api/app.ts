import express, { type Express, Router } from 'express'
import helmet from 'helmet'
import { dashboard } from '../dashboard/router.ts'
import { showSignInProblems } from '../dashboard/signInProblems.ts'
import { Refusal } from '../domain/errors.ts'
import { VERSION } from '../version.ts'
import { agents } from './agents.ts'
import { auditLog } from './auditLog.ts'
import { authcheck } from './authcheck.ts'
import { builds } from './builds.ts'
import { deployment } from './deployment.ts'
import { docs } from './docs/router.ts'
import { answerErrors } from './errors.ts'
import { files } from './files.ts'
import { keys } from './keys.ts'
import { refuseOtherSites } from './frame/csrf.ts'
import { createLimits } from './frame/rateLimits.ts'
import { giveRequestId } from './frame/requestId.ts'
import { logRequests } from './frame/requestLog.ts'
import { debugHealth } from './health/debug.ts'
import { probes } from './health/probes.ts'
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

/** Ways to open a session; those with a password can be guessed at. */
const SIGN_INS = ['/users/login', '/users/login/link', '/users/first', '/users/oidc/:provider/callback']
const PASSWORDS = '/users/login'

export function createApp(given: Omit<ApiContext, 'limits'>): Express {
  const context: ApiContext = { ...given, limits: createLimits(given.config) }
  const app = express()
  app.disable('x-powered-by')
  app.set('trust proxy', context.config.proxyHops)
  app.use(giveRequestId, logRequests(context.log), helmet())
  app.use(probes(context))
  app.use('/api/v2', api(context))
  app.use(docs())
  app.get('/sign-in', context.limits.signIn)
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
  router.use(refuseOtherSites(context.config.accessUrl))
  router.use(express.json({ limit: MAX_JSON }))
  for (const path of SIGN_INS) router.all(path, context.limits.signIn)
  router.post(PASSWORDS, context.limits.password)
  for (const resource of RESOURCES) router.use(resource(context))
  router.use(() => {
    throw new Refusal('not-found', 'Route not found.')
  })
  return router
}

/** Every router of the API, in the order in which paths are tried: what claims and agents ask comes first. */
export const RESOURCES: readonly ((context: ApiContext) => Router)[] = [
  workspaces,
  agents,
  deployment,
  authcheck,
  debugHealth,
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
  builds,
  prebuilds,
  auditLog,
]
