// Every endpoint of the API, for what must know all of them: its description.
import type { ZodType } from 'zod'
import * as agentApi from './agentApi.ts'
import * as audit from './audit.ts'
import * as authcheck from './authcheck.ts'
import * as deployment from './deployment.ts'
import type { Endpoint } from './endpoint.ts'
import * as groups from './groups.ts'
import * as health from './health.ts'
import * as keys from './keys.ts'
import * as oidc from './oidc.ts'
import * as organizations from './organizations.ts'
import * as prebuilds from './prebuilds.ts'
import * as provisionerJobs from './provisionerJobs.ts'
import * as templateAcl from './templateAcl.ts'
import * as templates from './templates.ts'
import * as users from './users.ts'
import * as workspaces from './workspaces.ts'

/** By the file that defines it; in the order in which they are described. */
const MODULES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  deployment,
  authcheck,
  users,
  keys,
  oidc,
  organizations,
  groups,
  templates,
  templateAcl,
  workspaces,
  prebuilds,
  provisionerJobs,
  audit,
  health,
  agentApi,
}

export type NamedEndpoint = { name: string; module: string; endpoint: Endpoint }

export const ENDPOINTS: readonly NamedEndpoint[] = exportsOf(isEndpoint).map(({ value, ...names }) => ({
  ...names,
  endpoint: value,
}))

/** Shapes with a name of their own. */
export const SHAPES: ReadonlyMap<string, ZodType> = new Map(
  exportsOf(isShape).map(({ name, value }) => [name, value] as const),
)

function exportsOf<T>(is: (value: unknown) => value is T): { name: string; module: string; value: T }[] {
  return Object.entries(MODULES).flatMap(([module, exported]) =>
    Object.entries(exported).flatMap(([name, value]) => (is(value) ? [{ name, module, value }] : [])),
  )
}

function isEndpoint(value: unknown): value is Endpoint {
  return typeof value === 'object' && value !== null && 'method' in value && 'path' in value && 'summary' in value
}

function isShape(value: unknown): value is ZodType {
  return typeof value === 'object' && value !== null && '_zod' in value
}
