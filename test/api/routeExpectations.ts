// What every route answers to those who may not: a route without a line here fails the conventions.
import type { FullWorld } from './everyRoute.ts'

export type Expected = {
  /** What somebody of another organization is answered about things that exist. */
  stranger: 200 | 400 | 401 | 403 | 404 | 409
  /** Who has no token: 401 unless this says that the route is public. */
  anonymous?: 200 | 401 | 404 | 409
  /** One that would do something if it were allowed. */
  body?(world: FullWorld): unknown
}

const hidden: Expected = { stranger: 404 }
/** Lists of what the caller may see: of this world, nothing. */
const own: Expected = { stranger: 200 }
/** A session is no agent's token. */
const agents: Expected = { stranger: 401 }
const fresh = ({ ids }: FullWorld) => ({ name: 'x', template_id: ids.template, template_version_preset_id: ids.preset })

export const EXPECTED: Record<string, Expected> = {
  'GET /': { stranger: 200, anonymous: 200 },
  'GET /buildinfo': { stranger: 200, anonymous: 200 },
  'GET /appearance': { stranger: 200, anonymous: 200 },
  'GET /updatecheck': { stranger: 200, anonymous: 200 },
  'GET /experiments': own,
  'GET /experiments/available': own,
  'GET /deployment/ssh': own,
  'GET /entitlements': own,
  'GET /regions': own,
  'GET /debug/health': { stranger: 403 },
  'POST /authcheck': { ...own, body: () => ({ checks: {} }) },
  'GET /users/first': { stranger: 200, anonymous: 200 },
  'POST /users/first': {
    stranger: 409,
    anonymous: 409,
    body: () => ({ username: 'first-one', email: 'first@example.com', password: 'long enough for us' }),
  },
  'GET /users/authmethods': { stranger: 200, anonymous: 200 },
  'POST /users/login': { stranger: 401, body: () => ({ email: 'nobody@example.com', password: 'long enough for us' }) },
  'POST /users/login/link': { stranger: 401, body: () => ({ token: 'x' }) },
  'POST /users/logout': own,
  // Nobody has configured a provider.
  'GET /users/oidc/:provider/login': { stranger: 404, anonymous: 404 },
  'GET /users/oidc/:provider/callback': { stranger: 404, anonymous: 404 },
  'GET /debug/:user/debug-link': hidden,
  'GET /settings/idpsync/available-fields': hidden,
  'GET /settings/idpsync/field-values': { stranger: 400 }, // without saying which
  'GET /users/roles': own,
  'GET /users': own,
  'POST /users': { stranger: 403, body: () => ({ username: 'x', email: 'x@example.com', login_type: 'none' }) },
  'GET /users/:user': hidden,
  'DELETE /users/:user': hidden,
  'PUT /users/:user/profile': { ...hidden, body: () => ({ username: 'x' }) },
  'PUT /users/:user/status/suspend': hidden,
  'PUT /users/:user/status/activate': hidden,
  'GET /users/:user/roles': hidden,
  'PUT /users/:user/roles': { ...hidden, body: () => ({ roles: [] }) },
  'PUT /users/:user/password': { ...hidden, body: () => ({ password: 'long enough for us' }) },
  'POST /users/:user/keys': hidden,
  'POST /users/:user/keys/tokens': { ...hidden, body: () => ({}) },
  'GET /users/:user/keys/tokens': hidden,
  'GET /users/:user/keys/:key': hidden,
  'DELETE /users/:user/keys/:key': hidden,
  'GET /users/:user/organizations': hidden,
  'GET /organizations': own,
  'POST /organizations': { stranger: 403, body: () => ({ name: 'x' }) },
  'GET /organizations/:organization': hidden,
  'PATCH /organizations/:organization': { ...hidden, body: () => ({ description: 'x' }) },
  'DELETE /organizations/:organization': hidden,
  'GET /organizations/:organization/members': hidden,
  'GET /organizations/:organization/paginated-members': hidden,
  'GET /organizations/:organization/members/roles': hidden,
  'POST /organizations/:organization/members/:user': hidden,
  'DELETE /organizations/:organization/members/:user': hidden,
  'PUT /organizations/:organization/members/:user/roles': { ...hidden, body: () => ({ roles: [] }) },
  'GET /organizations/:organization/groups': hidden,
  'POST /organizations/:organization/groups': { ...hidden, body: () => ({ name: 'x' }) },
  'GET /organizations/:organization/groups/:name': hidden,
  'GET /groups/:group': hidden,
  'PATCH /groups/:group': { ...hidden, body: () => ({ quota_allowance: 1 }) },
  'DELETE /groups/:group': hidden,
  'POST /files': { stranger: 400, body: () => ({}) },
  'POST /organizations/:organization/templateversions': { ...hidden, body: ({ ids }) => ({ file_id: ids.preset }) },
  'GET /templateversions/:templateversion': hidden,
  'GET /templateversions/:templateversion/logs': hidden,
  'GET /templateversions/:templateversion/presets': hidden,
  'POST /organizations/:organization/templates': {
    ...hidden,
    body: ({ ids }) => ({ name: 'x', template_version_id: ids.templateversion }),
  },
  'GET /templates': own,
  'GET /organizations/:organization/templates': hidden,
  'GET /organizations/:organization/templates/:name': hidden,
  'GET /templates/:template': hidden,
  'PATCH /templates/:template': { ...hidden, body: () => ({ description: 'x' }) },
  'GET /templates/:template/acl': hidden,
  'GET /templates/:template/acl/available': hidden,
  'PATCH /templates/:template/acl': { ...hidden, body: ({ ids }) => ({ user_perms: { [ids.user]: '' } }) },
  'GET /templates/:template/versions': hidden,
  'GET /templates/:template/versions/:name': hidden,
  'PATCH /templates/:template/versions': { ...hidden, body: ({ ids }) => ({ id: ids.templateversion }) },
  'POST /templates/:template/prebuilds/invalidate': hidden,
  'GET /workspaces/:workspace/watch': hidden,
  'POST /users/:user/workspaces': { ...hidden, body: fresh },
  'POST /organizations/:organization/members/:user/workspaces': { ...hidden, body: fresh },
  'GET /workspaces': own,
  'GET /workspaces/:workspace': hidden,
  'GET /users/:user/workspace/:name': hidden,
  'POST /workspaces/:workspace/builds': { ...hidden, body: () => ({ transition: 'stop' }) },
  'GET /workspaces/:workspace/builds': hidden,
  'GET /workspacebuilds/:workspacebuild': hidden,
  'GET /workspacebuilds/:workspacebuild/logs': hidden,
  'GET /workspacebuilds/:workspacebuild/parameters': hidden,
  'PATCH /workspacebuilds/:workspacebuild/cancel': hidden,
  'GET /workspaceagents/me/manifest': agents,
  'GET /workspaceagents/me/reinit': agents,
  'POST /workspaceagents/me/reinit/ack': agents,
  'POST /workspaceagents/me/heartbeat': agents,
  'POST /workspaceagents/me/lifecycle': agents,
  'PATCH /workspaceagents/me/logs': agents,
  'GET /workspaceagents/:agent/logs': hidden,
  'GET /prebuilds': own,
  'GET /audit': { stranger: 403 },
}
