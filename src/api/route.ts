// Serves endpoints of the contract: reads the request by its shapes, finds the actor, writes what the handler returns.
import type { Request, Response, Router } from 'express'
import type { ZodError, ZodType } from 'zod'
import type { Endpoint, Input, Reply } from '../contract/endpoint.ts'
import type { Context } from '../context.ts'
import type { Actor } from './access.ts'
import { Refusal } from '../domain/errors.ts'
import { authenticate } from './auth.ts'
import type { Announcements } from './announcements.ts'
import { isRevalidated, REVALIDATE } from './frame/etag.ts'
import type { Limits } from './frame/rateLimits.ts'
import type { Hub } from './hub.ts'
import { isStorable, unstorable } from './text.ts'

export type ApiContext = Context & { hub: Hub; announcements: Announcements; limits: Limits }

export type Exchange = {
  request: Request
  response: Response
}
export type Handler<E extends Endpoint, Who> = (input: Input<E>, who: Who & Exchange) => Promise<Reply<E>>

/** For signed-in people only: the default, so that a forgotten check refuses. */
export function route<E extends Endpoint>(
  router: Router,
  context: ApiContext,
  endpoint: E,
  handler: Handler<E, { actor: Actor }>,
): void {
  const pass = context.limits.ofEndpoint(endpoint)
  serve(router, endpoint, async (request, response) => {
    const { actor, keyId } = await authenticate(context, request)
    await pass({ request, response, keyId })
    return await handler(readInput(endpoint, request), { actor, request, response })
  })
}

const PUBLIC = new WeakSet<Endpoint>()

/** For the description of the API: known once the routers are made. */
export function isPublic(endpoint: Endpoint): boolean {
  return PUBLIC.has(endpoint)
}

/** For everybody; each use says why at its place. */
export function publicRoute<E extends Endpoint>(router: Router, endpoint: E, handler: Handler<E, object>): void {
  PUBLIC.add(endpoint)
  serve(
    router,
    endpoint,
    async (request, response) => await handler(readInput(endpoint, request), { request, response }),
  )
}

function serve<E extends Endpoint>(
  router: Router,
  endpoint: E,
  answer: (request: Request, response: Response) => Promise<Reply<E>>,
): void {
  const send = isRevalidated(endpoint) ? sendRevalidated : sendJson
  router[endpoint.method.toLowerCase() as 'get'](endpoint.path, async (request, response) => {
    response.status(endpoint.status) // a handler may choose another success: 200 for what existed already
    const reply = await answer(request, response)
    if (endpoint.reply === undefined) response.end()
    else send(response, endpoint.reply.parse(reply))
  })
}

/** Without what `response.json` does besides: a hash of each answer, for clients that may not keep it. */
function sendJson(response: Response, value: unknown): void {
  const bytes = Buffer.from(JSON.stringify(value))
  response.setHeader('Content-Type', 'application/json; charset=utf-8')
  response.setHeader('Content-Length', bytes.length)
  response.end(bytes)
}

/** Express adds the ETag and answers 304. */
function sendRevalidated(response: Response, value: unknown): void {
  response.set('Cache-Control', REVALIDATE).json(value)
}

/** Shared with routes that are not JSON in, JSON out. */
export function readInput<E extends Endpoint>(endpoint: E, request: Request): Input<E> {
  return {
    params: endpoint.params && readText(endpoint.params, request.params, refuseParams),
    query: endpoint.query && readText(endpoint.query, request.query, refuseFields),
    body: endpoint.body && readText(endpoint.body, request.body ?? {}, refuseFields),
  } as Input<E>
}

/** Nobody reads more, and an answer must not be many times its request. */
const MAX_VALIDATIONS = 100

type Refuse = (error: ZodError, value: unknown) => Refusal

/** What is read this way can be stored. */
function readText(shape: ZodType, value: unknown, refuse: Refuse): unknown {
  const data = readFields(shape, value, refuse)
  if (isStorable(data)) return data
  const validations = unstorable(data).slice(0, MAX_VALIDATIONS)
  throw new Refusal('invalid', 'Validation failed.', { validations })
}

export function readFields<T>(shape: ZodType<T>, value: unknown, refuse: Refuse = refuseFields): T {
  const parsed = shape.safeParse(value)
  if (parsed.success) return parsed.data
  throw refuse(parsed.error, value)
}

function refuseParams(error: ZodError, value: unknown): Refusal {
  const name = String(error.issues[0]?.path[0] ?? '')
  const given = (value as Record<string, string>)[name] ?? ''
  return new Refusal('invalid', `Invalid UUID "${given}".`, {
    validations: [{ field: name, detail: `Invalid UUID "${given}".` }],
  })
}

function refuseFields(error: ZodError): Refusal {
  const said = error.issues.slice(0, MAX_VALIDATIONS)
  const validations = said.map(({ path, message }) => ({ field: path.join('.'), detail: message }))
  return new Refusal('invalid', 'Validation failed.', { validations, cause: error })
}
