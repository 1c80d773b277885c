// `daybreak login` in a browser: who is signed in here takes a token to the command line by hand. It is in no address,
// which would be kept by histories, logs and proxies, and is shown once.
import type { Request, Router } from 'express'
import { insertScopedKey } from '../../sql/api_keys.sql.ts'
import { requireMay } from '../api/access.ts'
import { audit } from '../api/audit.ts'
import { cookieOf, findSession, type Session } from '../api/auth.ts'
import { isSameOrigin } from '../api/frame/csrf.ts'
import { readLimits } from '../api/keys/limits.ts'
import type { ApiContext } from '../api/route.ts'
import { SESSION_SECONDS } from '../api/users/sessions.ts'
import { forbidden } from '../domain/refusals.ts'
import { hashSecret, newApiKey, parseApiKey } from '../secrets.ts'
import { renderAccount, renderDocument } from './document.ts'
import { html, type Html } from './html.ts'
import { sendPage } from './send.ts'
import { askToSignIn } from './signIn.ts'

const PATH = '/cli-auth'
const TOKEN_NAME = 'cli'

export function addCliAuth(router: Router, context: ApiContext): void {
  const { config, limits } = context

  router.get(PATH, async (request, response) => {
    const session = await findBrowserSession(context, request)
    if (!session) askToSignIn(config, { request, response, place: PATH })
    else sendPage(response, render(session, offer()))
  })

  router.post(PATH, limits.signIn, async (request, response) => {
    if (!isSameOrigin(request, config.accessUrl)) throw forbidden('Make the token on the page of this server.')
    const session = await findBrowserSession(context, request)
    if (!session) askToSignIn(config, { request, response, place: PATH })
    else sendPage(response, render(session, shown(await makeToken(context, { session, request }))))
  })
}

/** By the cookie alone: a token in the address would be somebody's who made the link. */
async function findBrowserSession(context: ApiContext, request: Request): Promise<Session | null> {
  const key = parseApiKey(cookieOf(request) ?? '')
  const session = await findSession(context, request)
  return key && session?.keyId === key.id ? session : null
}

/** A session like that of any sign-in, and no wider than the one that asks for it. */
async function makeToken(
  { db }: ApiContext,
  { session: { actor }, request }: { session: Session; request: Request },
): Promise<string> {
  requireMay(actor, 'create', { type: 'api_key', ownerId: actor.id })
  const { id, secret, text } = newApiKey()
  const key = { tokenName: TOKEN_NAME, ...readLimits({}, actor), lifetimeSeconds: SESSION_SECONDS }
  await db.transaction(async (tx) => {
    await insertScopedKey(tx, { ...key, id, hashedSecret: hashSecret(secret), userId: actor.id, loginType: 'none' })
    await audit(
      tx,
      { actor, request },
      {
        action: 'create',
        target: { type: 'api_key', id, name: TOKEN_NAME },
        after: {
          user_id: actor.id,
          scopes: key.scopes,
          allow_list: key.allowList,
          lifetime_seconds: key.lifetimeSeconds,
        },
      },
    )
  })
  return text
}

function render({ actor }: Session, content: Html): string {
  const card = html`<section class="card signed-out">${content}</section>`
  return renderDocument({ title: 'Command line · Daybreak', account: renderAccount(actor.username), content: card })
}

function offer(): Html {
  return html`<h1>Sign in the command line</h1>
    <p>Did you run <code>daybreak login</code>? It waits for a token, which lets it do all that you may do here,
      for ${SESSION_SECONDS / 86_400} days.</p>
    <form method="post" action="${PATH}" class="fields">
      <button class="main">Make a token for the command line</button>
    </form>
    <p class="more">If you did not, or somebody sent you here, leave this page.</p>`
}

function shown(token: string): Html {
  return html`<h1>Your token</h1>
    <p>Copy it (one click selects all of it) and paste it where <code>daybreak login</code> asks.</p>
    <pre class="secret"><code>${token}</code></pre>
    <p class="more">It is not shown again, and <code>daybreak logout</code> ends it.
      Give it to nobody: whoever has it is you.</p>
    <p><a href="/">To the pools and workspaces</a></p>`
}
