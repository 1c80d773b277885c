// Finds out who asks. Looked for in the order cookie, query, header, bearer, as clients of the wire format expect.
import type { Request } from 'express'
import { findSession as findSessionRow, touchApiKey } from '../../sql/identity.sql.ts'
import type { Context } from '../context.ts'
import type { Limits } from './frame/rateLimits.ts'
import { Refusal } from '../domain/errors.ts'
import { type Actor, toActor } from './access.ts'
import { hashSecret, parseApiKey, sameHash } from '../secrets.ts'

export const SESSION_COOKIE = 'coder_session_token'

export type Session = { keyId: string; actor: Actor }

type Asking = Pick<Context, 'db'> & { limits: Pick<Limits, 'unknownTokens'> }

/** Throws 401 where there is no live session. */
export async function authenticate(context: Asking, request: Request): Promise<Session> {
  const session = await findSession(context, request)
  if (session) return session
  throw new Refusal(
    'unauthenticated',
    'You are signed out or your session has expired. Please sign in again to continue.',
    {
      detail: 'Send a session token in the header Coder-Session-Token; `daybreak login` gets one.',
    },
  )
}

export async function findSession({ db, limits }: Asking, request: Request): Promise<Session | null> {
  for (const text of tokensOf(request)) {
    const key = parseApiKey(text)
    if (!key) continue
    await limits.unknownTokens.refuse(request, key.id)
    const row = await findSessionRow(db, { id: key.id })
    if (!row || !sameHash(row.hashedSecret, hashSecret(key.secret))) {
      await limits.unknownTokens.missed(request)
      continue
    }
    limits.unknownTokens.found(key.id)
    if (row.status === 'suspended' || row.isSystem) continue
    if (request.res) request.res.locals.actorId = row.id // for the log
    if (row.idle) await touchApiKey(db, { id: row.keyId })
    return { keyId: row.keyId, actor: toActor(row) }
  }
  return null
}

/** An agent's token is a UUID in the same places. */
export function tokensOf(request: Request): string[] {
  const cookie = cookieOf(request)
  const bearer = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1]
  const candidates = [
    cookie,
    request.query[SESSION_COOKIE],
    request.get('Coder-Session-Token'),
    bearer,
    request.query.access_token,
  ]
  return candidates.filter((text): text is string => typeof text === 'string' && text !== '')
}

export function cookieOf(request: Request): string | undefined {
  return readCookie(request.headers.cookie ?? '', SESSION_COOKIE)
}

export function readCookie(header: string, name: string): string | undefined {
  for (const part of header.split(';')) {
    const [key, ...value] = part.trim().split('=')
    if (key === name) return value.join('=')
  }
  return undefined
}
