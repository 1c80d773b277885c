// How often one may ask. Counted in the memory of each process: several servers together allow several times as much.
import type { Request, RequestHandler, Response } from 'express'
import { ipKeyGenerator, rateLimit } from 'express-rate-limit'
import type { Config } from '../../config.ts'
import type { Endpoint } from '../../contract/endpoint.ts'
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

const OF_ENDPOINT: ReadonlyMap<Endpoint, Limit> = new Map<Endpoint, Limit>([
  [uploadFile, UPLOADS],
  [createWorkspace, WORKSPACES],
  [createMemberWorkspace, WORKSPACES],
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
}

export function createLimits({ rateLimits }: Pick<Config, 'rateLimits'>): Limits {
  if (!rateLimits) return { ofEndpoint: () => async () => {}, signIn: pass, password: pass }
  const byKey = new Map([ANYTHING, WORKSPACES, UPLOADS].map((limit) => [limit, createLimiter(limit, { key: keyOf })]))
  return {
    ofEndpoint(endpoint) {
      const limiters = [OF_ENDPOINT.get(endpoint), ANYTHING].flatMap((limit) => (limit && byKey.get(limit)) ?? [])
      return async ({ request, response, keyId }) => {
        response.locals.keyId = keyId
        for (const limiter of limiters) await run(limiter, { request, response })
      }
    },
    signIn: createLimiter(SIGN_INS, { key: addressOf }),
    password: createLimiter(GUESSES, { key: accountOf, onlyFailures: true }),
  }
}

const pass: RequestHandler = (_request, _response, next) => next()

type Counted = { key(request: Request, response: Response): string; onlyFailures?: boolean }

function createLimiter({ requests, windowMs, of }: Limit, { key, onlyFailures = false }: Counted): RequestHandler {
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
      const retryAfterSeconds = Math.max(1, Math.ceil(((resetTime?.getTime() ?? 0) - Date.now()) / 1000))
      const per = windowMs === MINUTE_MS ? 'a minute' : `${windowMs / MINUTE_MS} minutes`
      const detail = `At most ${requests} in ${per}. Try again in ${retryAfterSeconds} s.`
      next(new Refusal('limited', `Too many ${of}.`, { detail, retryAfterSeconds }))
    },
  })
}

async function run(limiter: RequestHandler, { request, response }: { request: Request; response: Response }) {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  void limiter(request, response, (error?: unknown) => (error instanceof Error ? reject(error) : resolve()))
  await promise
}

function keyOf(_request: Request, response: Response): string {
  return String(response.locals.keyId)
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
