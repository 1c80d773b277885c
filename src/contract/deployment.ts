import { z } from 'zod'
import { endpoint } from './endpoint.ts'

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
    deployment_id: z.string(),
  }),
})
