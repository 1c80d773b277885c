// How often one may ask. Counted in the memory of each process: several servers together allow several times as much.
import type { Request, RequestHandler, Response } from 'express'
import { ipKeyGenerator, MemoryStore, type Options, rateLimit } from 'express-rate-limit'
import type { Config } from '../../config.ts'
import type { Endpoint } from '../../contract/endpoint.ts'
import { createSessionKey, createToken } from '../../contract/keys.ts'
import { uploadFile } from '../../contract/templates.ts'
import { createMemberWorkspace, createWorkspace } from '../../contract/workspaces.ts'
import { Refusal } from '../../domain/errors.ts'

const MINUTE_MS = 60_000

export type Limit = { requests: number; windowMs: number; of: string }

/** A program that makes workspaces at its own limit asks about each a few times more. */
export const ANYTHING: Limit = { requests: 1_200, windowMs: MINUTE_MS, of: 'requests' }
/** A claim takes milliseconds, but what it takes must be built again: 4 a second empty any pool. */
export const WORKSPACES: Limit = { requests: 240, windowMs: MINUTE_MS, of: 'new workspaces' }
/** Up to 100 MB each, kept for good. */
export const UPLOADS: Limit = { requests: 30, windowMs: MINUTE_MS, of: 'uploads' }
/** A room of people behind one address signs in at nine o'clock; a list of passwords is longer. */
export const SIGN_INS: Limit = { requests: 30, windowMs: MINUTE_MS, of: 'sign-ins from this address' }
/** Only those that fail: from however many addresses, 2,880 guesses a day at one account. */
export const GUESSES: Limit = { requests: 10, windowMs: 5 * MINUTE_MS, of: 'failed sign-ins to this account' }

/** Whoever found a session open must not learn by trying what the password is; nobody changes it that often. */
export const NEW_PASSWORDS: Limit = { requests: 10, windowMs: 5 * MINUTE_MS, of: 'new passwords for this account' }
/** Each is counted for itself elsewhere: with ever new ones nothing would be limited. */
export const NEW_KEYS: Limit = { requests: 60, windowMs: MINUTE_MS, of: 'new keys' }
/** Each costs a look-up. A room of programs whose tokens have expired asks less. */
export const UNKNOWN_TOKENS: Limit = {
  requests: 300,
  windowMs: MINUTE_MS,
  of: 'requests with unknown tokens from this address',
}
/** Keys that were good lately are looked up even where somebody at the same address sends bad ones. */
const MAX_REMEMBERED = 10_000

const OF_ENDPOINT: ReadonlyMap<Endpoint, Limit> = new Map<Endpoint, Limit>([
  [uploadFile, UPLOADS],
  [createWorkspace, WORKSPACES],
  [createMemberWorkspace, WORKSPACES],
  [createSessionKey, NEW_KEYS],
  [createToken, NEW_KEYS],
])

/** Throws 429 when this key has asked too often. */
export type Pass = (exchange: { request: Request; response: Response; keyId: string }) => Promise<void>

export type Limits = {
  /** After it is known who asks: only keys that exist are remembered. */
  ofEndpoint(endpoint: Endpoint): Pass
  /** For whatever opens a session. */
  signIn: RequestHandler
  /** For passwords, which can be guessed. */
  password: RequestHandler
  /** After it is known whose it is: people are named in several ways. */
  newPassword(asked: { request: Request; response: Response; userId: string }): Promise<void>
  unknownTokens: UnknownTokens
}

export type UnknownTokens = {
  /** Throws 429 instead of a look-up that would probably find nothing. */
  refuse(request: Request, keyId: string): Promise<void>
  found(keyId: string): void
  missed(request: Request): Promise<void>
}

export function createLimits({ rateLimits }: Pick<Config, 'rateLimits'>): Limits {
  if (!rateLimits) {
    const unknownTokens = { refuse: never, found: () => {}, missed: never }
    return { ofEndpoint: () => never, signIn: pass, password: pass, newPassword: never, unknownTokens }
  }
  const ofUsers = [WORKSPACES, UPLOADS, NEW_KEYS].map(
    (limit) => [limit, createLimiter(limit, { key: userOf })] as const,
  )
  const known = new Map([...ofUsers, [ANYTHING, createLimiter(ANYTHING, { key: keyOf })]])
  const newPassword = createLimiter(NEW_PASSWORDS, { key: (_, { locals }) => String(locals.passwordOf) })
  return {
    ofEndpoint(endpoint) {
      const limiters = [OF_ENDPOINT.get(endpoint), ANYTHING].flatMap((limit) => (limit && known.get(limit)) ?? [])
      return async ({ request, response, keyId }) => {
        response.locals.keyId = keyId
        for (const limiter of limiters) await run(limiter, { request, response })
      }
    },
    signIn: createLimiter(SIGN_INS, { key: addressOf }),
    password: createLimiter(GUESSES, { key: accountOf, onlyFailures: true }),
    async newPassword({ request, response, userId }) {
      response.locals.passwordOf = userId
      await run(newPassword, { request, response })
    },
    unknownTokens: countUnknownTokens(),
  }
}

const never = async (): Promise<void> => {}
const pass: RequestHandler = (_request, _response, next) => next()

type Counted = { key(request: Request, response: Response): string; onlyFailures?: boolean }

function createLimiter(limit: Limit, { key, onlyFailures = false }: Counted): RequestHandler {
  const { requests, windowMs } = limit
  return rateLimit({
    limit: requests,
    windowMs,
    keyGenerator: key,
    skipSuccessfulRequests: onlyFailures,
    standardHeaders: false,
    legacyHeaders: false,
    validate: false, // its warnings go to the console, and are about settings that docs/install.md explains
    handler(request, _response, next) {
      const { resetTime } = (request as { rateLimit?: { resetTime?: Date } }).rateLimit ?? {}
      next(tooMany(limit, resetTime))
    },
  })
}

function tooMany({ requests, windowMs, of }: Limit, resetTime: Date | undefined): Refusal {
  const retryAfterSeconds = Math.max(1, Math.ceil(((resetTime?.getTime() ?? 0) - Date.now()) / 1000))
  const per = windowMs === MINUTE_MS ? 'a minute' : `${windowMs / MINUTE_MS} minutes`
  const detail = `At most ${requests} in ${per}. Try again in ${retryAfterSeconds} s.`
  return new Refusal('limited', `Too many ${of}.`, { detail, retryAfterSeconds })
}

function countUnknownTokens(): UnknownTokens {
  const store = new MemoryStore()
  store.init({ windowMs: UNKNOWN_TOKENS.windowMs } as Options)
  const good = new Set<string>()
  return {
    async refuse(request, keyId) {
      if (good.has(keyId)) return
      const seen = await store.get(addressOf(request))
      if (seen && seen.totalHits >= UNKNOWN_TOKENS.requests) throw tooMany(UNKNOWN_TOKENS, seen.resetTime)
    },
    found(keyId) {
      if (good.has(keyId)) return
      if (good.size >= MAX_REMEMBERED) good.clear()
      good.add(keyId)
    },
    async missed(request) {
      await store.increment(addressOf(request))
    },
  }
}

async function run(limiter: RequestHandler, { request, response }: { request: Request; response: Response }) {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  void limiter(request, response, (error?: unknown) => (error instanceof Error ? reject(error) : resolve()))
  await promise
}

function keyOf(_request: Request, response: Response): string {
  return String(response.locals.keyId)
}

/** Not by key: who makes many keys has no more of what is dear. */
function userOf(_request: Request, response: Response): string {
  return String(response.locals.actorId)
}

/** Of IPv6 the network, which is one subscriber's. */
function addressOf({ ip = '' }: Request): string {
  return ip.includes(':') ? ipKeyGenerator(ip) : ip
}

/** As it was typed; one that does not exist is guessed at alike. */
function accountOf(request: Request): string {
  const { email, username } = (request.body ?? {}) as { email?: unknown; username?: unknown }
  const account = typeof email === 'string' ? email : username
  return typeof account === 'string' ? account.trim().toLowerCase().slice(0, 255) : addressOf(request)
}
