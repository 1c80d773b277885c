// A workspace as the API describes it, of which a test names only what it is about.
import type { Workspace, WorkspaceAgent } from '../../src/contract/workspaces.ts'

const ID = '00000000-0000-4000-8000-000000000001'
const TIME = '2026-03-04T10:00:00Z'
export const BUILD_ID = '00000000-0000-4000-8000-00000000000b'

export function agent(facts: Partial<WorkspaceAgent>): WorkspaceAgent {
  return {
    id: ID,
    parent_id: null,
    created_at: TIME,
    updated_at: TIME,
    status: 'connected',
    lifecycle_state: 'ready',
    name: 'main',
    resource_id: ID,
    architecture: 'amd64',
    operating_system: 'linux',
    environment_variables: {},
    version: '',
    api_version: '',
    apps: [],
    connection_timeout_seconds: 120,
    troubleshooting_url: '',
    subsystems: [],
    health: { healthy: true },
    display_apps: [],
    log_sources: [],
    scripts: [],
    logs_length: 0,
    logs_overflowed: false,
    startup_script_behavior: '',
    reinit: { generation: 0, acknowledged_generation: 0, acknowledged_at: null },
    ...facts,
  }
}

export type WorkspaceFacts = {
  agents?: WorkspaceAgent[]
  job?: Workspace['latest_build']['job']['status']
  error?: string
  transition?: Workspace['latest_build']['transition']
}

export function workspace({ agents = [], job = 'succeeded', error, transition = 'start' }: WorkspaceFacts): Workspace {
  return {
    id: ID,
    created_at: TIME,
    updated_at: TIME,
    owner_id: ID,
    owner_name: 'ana',
    owner_avatar_url: '',
    organization_id: ID,
    organization_name: 'default',
    template_id: ID,
    template_name: 'us-nix',
    template_display_name: '',
    template_icon: '',
    template_allow_user_cancel_workspace_jobs: true,
    template_active_version_id: ID,
    template_require_active_version: false,
    template_use_classic_parameter_flow: false,
    latest_app_status: null,
    outdated: false,
    name: 'web',
    last_used_at: TIME,
    deleting_at: null,
    dormant_at: null,
    health: { healthy: true, failing_agents: [] },
    automatic_updates: 'never',
    allow_renames: false,
    favorite: false,
    next_start_at: null,
    is_prebuild: false,
    latest_build: {
      id: BUILD_ID,
      created_at: TIME,
      updated_at: TIME,
      workspace_id: ID,
      workspace_name: 'web',
      workspace_owner_id: ID,
      workspace_owner_name: 'ana',
      template_version_id: ID,
      template_version_name: 'v1',
      build_number: 1,
      transition,
      initiator_id: ID,
      initiator_name: 'ana',
      job: {
        id: ID,
        created_at: TIME,
        ...(error === undefined ? {} : { error }),
        status: job,
        file_id: ID,
        tags: {},
        queue_position: 0,
        queue_size: 0,
        organization_id: ID,
        initiator_id: ID,
        input: {},
        type: 'workspace_build',
        logs_overflowed: false,
      },
      reason: 'initiator',
      resources: [
        {
          id: ID,
          created_at: TIME,
          job_id: ID,
          workspace_transition: 'start',
          type: 'process',
          name: 'main',
          hide: false,
          icon: '',
          agents,
          daily_cost: 0,
        },
      ],
      status: job === 'succeeded' ? 'running' : 'pending',
      daily_cost: 0,
      template_version_preset_id: null,
    },
  }
}
