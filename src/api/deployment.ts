import { Router } from 'express'
import { getBuildInfo, getRoot } from '../contract/deployment.ts'
import { readClock } from '../../sql/identity.sql.ts'
import { VERSION } from '../version.ts'
import { type ApiContext, publicRoute } from './route.ts'

/** Public: clients ask for these before they can sign in. */
export function deployment(context: ApiContext): Router {
  const router = Router()

  publicRoute(router, getRoot, async () => ({ message: '👋' }))

  publicRoute(router, getBuildInfo, async () => ({
    external_url: context.config.accessUrl,
    version: VERSION,
    dashboard_url: context.config.accessUrl,
    telemetry: false,
    workspace_proxy: false,
    agent_api_version: '1.0',
    provisioner_api_version: '1.0',
    upgrade_message: '',
    deployment_id: '',
  }))

  return router
}

/** For load balancers, at the root: the process answers, and so does its database. */
export function health(context: ApiContext): Router {
  const router = Router()
  router.get('/healthz', async (_request, response) => {
    await readClock(context.db)
    response.type('text/plain').send('OK')
  })
  return router
}
