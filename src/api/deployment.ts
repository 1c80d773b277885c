import { Router } from 'express'
import { findDeploymentId } from '../../sql/health.sql.ts'
import type { Db } from '../../sql/database.ts'
import {
  checkForUpdate,
  getAppearance,
  getBuildInfo,
  getEntitlements,
  getRoot,
  getSshConfig,
  listAvailableExperiments,
  listExperiments,
  listRegions,
} from '../contract/deployment.ts'
import { VERSION } from '../version.ts'
import { type ApiContext, publicRoute, route } from './route.ts'

/** What clients of the wire format expect before the name of a workspace in an SSH configuration. */
const SSH_PREFIX = 'coder.'
const SSH_SUFFIX = 'coder'

export function deployment(context: ApiContext): Router {
  const router = Router()
  const { accessUrl } = context.config
  const deploymentId = rememberDeploymentId(context.db)

  // Public: clients ask for these before they can sign in.
  publicRoute(router, getRoot, async () => ({ message: '👋' }))
  publicRoute(router, getBuildInfo, async () => ({
    external_url: accessUrl,
    version: VERSION,
    dashboard_url: accessUrl,
    telemetry: false,
    workspace_proxy: false,
    agent_api_version: '1.0',
    provisioner_api_version: '1.0',
    upgrade_message: '',
    deployment_id: await deploymentId(),
  }))
  publicRoute(router, getAppearance, async () => ({
    application_name: 'Daybreak',
    logo_url: '',
    docs_url: `${accessUrl}/api/docs`,
    service_banner: { enabled: false },
    announcement_banners: [],
  }))
  publicRoute(router, checkForUpdate, async () => ({ current: true, version: VERSION, url: '' }))

  route(router, context, listExperiments, async () => [])
  route(router, context, listAvailableExperiments, async () => ({ safe: [] }))
  route(router, context, getSshConfig, async () => ({
    hostname_prefix: SSH_PREFIX,
    hostname_suffix: SSH_SUFFIX,
    ssh_config_options: {},
  }))
  route(router, context, listRegions, async () => ({ regions: [] }))
  route(router, context, getEntitlements, async () => ({
    features: {},
    warnings: [],
    errors: [],
    has_license: false,
    trial: false,
    require_telemetry: false,
    refreshed_at: new Date().toISOString(),
  }))

  return router
}

/** Of the database, whichever process answers; a copy of the database is the same deployment. */
function rememberDeploymentId(db: Db): () => Promise<string> {
  let known: string | undefined
  return async () => (known ??= (await findDeploymentId(db)).id)
}
