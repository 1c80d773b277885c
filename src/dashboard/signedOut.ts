// The page for those who are not signed in: every way in that this server has.
import type { OidcAuthMethod } from '../oidc/providers.ts'
import { renderDocument } from './document.ts'
import { html, type Html } from './html.ts'

type Provider = OidcAuthMethod['providers'][number]
/** `place`: where to go afterwards. */
type SignedOut = { problem?: string; providers?: readonly Provider[]; place?: string }

export function renderSignedOut({ problem, providers = [], place = '/' }: SignedOut = {}): string {
  const content = html`<section class="card signed-out">
    <h1>Sign in</h1>
    ${problem === undefined ? undefined : html`<p class="hold" role="alert">${problem}</p>`}
    ${place === '/cli-auth' ? html`<p>Afterwards you get a token for the command line.</p>` : undefined}
    ${
      providers.length === 0
        ? undefined
        : html`<p class="providers">${providers.map((provider) => providerLink(provider, place))}</p>
            <p class="more">Or with a password:</p>`
    }
    <form method="post" action="/sign-in" class="fields">
      <label>Name or mail address
        <input name="email" autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength="255">
      </label>
      <label>Password
        <input name="password" type="password" autocomplete="current-password" required>
      </label>
      <button class="main">Sign in</button>
    </form>
    <h2>No password yet?</h2>
    <ul>
      <li>On your own machine, restart <code>npm start</code> and open the one-time link that it prints in this browser.
        It works for 15 minutes.</li>
      <li>On a server that somebody else runs, ask them for an account.</li>
    </ul>
    <p class="more">With an API token you need no page: <code>daybreak login --token -</code></p>
  </section>`
  return renderDocument({ title: 'Sign in · Daybreak', account: undefined, content })
}

function providerLink({ name, loginUrl }: Provider, place: string): Html {
  const url = place === '/' ? loginUrl : `${loginUrl}?redirect=${encodeURIComponent(place)}`
  return html`<a class="button" href="${url}">Sign in with ${name}</a>`
}
