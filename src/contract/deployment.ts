// What clients ask of the deployment itself, most of it before they can sign in.
import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { Time } from './values.ts'

export const getRoot = endpoint('GET', '/', {
  summary: 'Says that the API is here.',
  reply: z.object({ message: z.string() }),
})
export const getBuildInfo = endpoint('GET', '/buildinfo', {
  summary: 'Which build answers, and where it is reached.',
  reply: z.object({
    external_url: z.string(),
    version: z.string(),
    dashboard_url: z.string(),
    telemetry: z.boolean(),
    workspace_proxy: z.boolean(),
    agent_api_version: z.string(),
    provisioner_api_version: z.string(),
    upgrade_message: z.string(),
    /** The same for as long as the database lives. */
    deployment_id: z.string(),
  }),
})
export const listExperiments = endpoint('GET', '/experiments', {
  summary: 'Experiments that are switched on: none.',
  reply: z.array(z.string()),
})
export const listAvailableExperiments = endpoint('GET', '/experiments/available', {
  summary: 'Experiments that could be switched on: none.',
  reply: z.object({ safe: z.array(z.string()) }),
})
export const getSshConfig = endpoint('GET', '/deployment/ssh', {
  summary: 'How editors name workspaces in an SSH configuration.',
  reply: z.object({
    hostname_prefix: z.string(),
    hostname_suffix: z.string(),
    ssh_config_options: z.record(z.string(), z.string()),
  }),
})
export const getAppearance = endpoint('GET', '/appearance', {
  summary: 'Name, logo and banners of the deployment.',
  reply: z.object({
    application_name: z.string(),
    logo_url: z.string(),
    docs_url: z.string(),
    service_banner: z.object({ enabled: z.boolean() }),
    announcement_banners: z.array(z.object({ enabled: z.boolean(), message: z.string() })),
  }),
})
export const getEntitlements = endpoint('GET', '/entitlements', {
  summary: 'What a licence would allow; nothing here needs one.',
  reply: z.object({
    features: z.record(z.string(), z.object({ entitlement: z.string(), enabled: z.boolean() })),
    warnings: z.array(z.string()),
    errors: z.array(z.string()),
    has_license: z.boolean(),
    trial: z.boolean(),
    require_telemetry: z.boolean(),
    refreshed_at: Time,
  }),
})
export const listRegions = endpoint('GET', '/regions', {
  summary: 'Proxies near to people: none.',
  reply: z.object({ regions: z.array(z.object({ id: z.string(), name: z.string() })) }),
})
export const checkForUpdate = endpoint('GET', '/updatecheck', {
  summary: 'Whether a newer release is known; this server asks nobody.',
  reply: z.object({ current: z.boolean(), version: z.string(), url: z.string() }),
})
