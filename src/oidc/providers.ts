import type { Config } from '../config.ts'

export type OidcAuthMethod = {
  enabled: boolean
  /** The wire format knows one provider: the first. */
  signInText: string
  iconUrl: string
  providers: { id: string; name: string; iconUrl: string; loginUrl: string }[]
}

/** What a page that signs people in must know. */
export function oidcProviders({ oidc }: Pick<Config, 'oidc'>): OidcAuthMethod {
  const providers = oidc.map(({ id, name, icon_url: iconUrl = '' }) => ({ id, name, iconUrl, loginUrl: loginPath(id) }))
  const [first] = providers
  return {
    enabled: first !== undefined,
    signInText: first?.name ?? '',
    iconUrl: first?.iconUrl ?? '',
    providers,
  }
}

export function loginPath(provider: string): string {
  return `/api/v2/users/oidc/${provider}/login`
}

export function callbackPath(provider: string): string {
  return `/api/v2/users/oidc/${provider}/callback`
}
