import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { ByUser } from './values.ts'

const ByProvider = z.object({ provider: z.string() })

export const startOidcSignIn = endpoint('GET', '/users/oidc/:provider/login', {
  summary: 'Sends the browser to an identity provider, and afterwards to `redirect`, a path of this server.',
  params: ByProvider,
  query: z.object({ redirect: z.string().max(1_000).default('/') }),
  status: 303,
})
export const finishOidcSignIn = endpoint('GET', '/users/oidc/:provider/callback', {
  summary: 'Where an identity provider sends the browser back to: signs it in and sends it on.',
  params: ByProvider,
  status: 303,
})

const Claims = z.record(z.string(), z.unknown()).nullable()
export const UserLinkClaims = z.object({
  id_token_claims: Claims,
  user_info_claims: Claims,
  merged_claims: Claims,
})
export type UserLinkClaims = z.output<typeof UserLinkClaims>

export const getDebugLink = endpoint('GET', '/debug/:user/debug-link', {
  summary: 'What the identity provider said about a user at the last sign-in.',
  params: ByUser,
  reply: UserLinkClaims,
})
export const listIdpSyncFields = endpoint('GET', '/settings/idpsync/available-fields', {
  summary: 'The names of all claims that identity providers have sent.',
  reply: z.array(z.string()),
})
export const listIdpSyncValues = endpoint('GET', '/settings/idpsync/field-values', {
  summary: 'The values of one claim over all users: texts, and the texts of lists.',
  query: z.object({ claimField: z.string().min(1).max(200) }),
  reply: z.array(z.string()),
})
