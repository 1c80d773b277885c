// The description of the API, made of the same values that check requests and answers.
import { z, type ZodType } from 'zod'
import { ENDPOINTS, SHAPES } from '../contract/all.ts'
import type { Endpoint } from '../contract/endpoint.ts'
import { ErrorBody } from '../contract/errors.ts'
import { UNROUTED, type Unrouted } from '../contract/unrouted.ts'
import { VERSION } from '../version.ts'
import { isPublic } from './route.ts'

export type Schema = { [key: string]: unknown }
export type Content = Record<string, { schema: Schema }>
export type Operation = {
  operationId: string
  tags: string[]
  summary: string
  description?: string
  security: Record<string, never[]>[]
  parameters: { name: string; in: 'path' | 'query'; required: boolean; schema: Schema }[]
  requestBody?: { required: true; content: Content }
  responses: Record<string, { description: string; content?: Content }>
}
export type Description = {
  openapi: '3.1.0'
  info: { title: string; version: string; description: string }
  servers: { url: string }[]
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema>; securitySchemes: Record<string, Schema> }
}

type Described = Omit<Unrouted, 'endpoint'> & { tag: string; endpoint: Endpoint }

const SESSION = [{ header: [] }, { bearer: [] }, { cookie: [] }]
const SECURITY = { session: SESSION, agent: [{ agentToken: [] }], public: [] }
const TOKEN = { type: 'apiKey', in: 'header', name: 'Coder-Session-Token' }
const FILES = ['application/x-tar', 'application/zip']
/** Their bodies are no JSON. */
const UPLOADS = new Set(['/files'])

/** To be made once the routers are: they know which endpoints are public. */
export function describeApi(): Description {
  const shapes = collectShapes()
  const paths: Description['paths'] = {}
  for (const described of everything()) {
    const path = described.endpoint.path.replace(/:(\w+)/g, '{$1}')
    const operations = (paths[path] ??= {})
    operations[described.endpoint.method.toLowerCase()] = describe(described, shapes)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Daybreak',
      version: VERSION,
      description: 'Pools of prebuilt workspaces. Every operation may also answer 400, 401, 403, 404, 429 and 503.',
    },
    servers: [{ url: '/api/v2' }],
    paths,
    components: {
      schemas: shapes.components,
      securitySchemes: {
        header: TOKEN,
        bearer: { type: 'http', scheme: 'bearer' },
        cookie: { type: 'apiKey', in: 'cookie', name: 'coder_session_token' },
        agentToken: { ...TOKEN, description: 'The token of a workspace agent, a UUID.' },
      },
    },
  }
}

function everything(): Described[] {
  const routed = ENDPOINTS.map(({ name, module, endpoint }) => {
    return { name, tag: module, of: isPublic(endpoint) ? 'public' : 'session', endpoint } as const
  })
  const unrouted = UNROUTED.map((one) => ({ ...one, tag: one.of === 'agent' ? 'agents' : 'streams' }))
  return [...routed, ...unrouted]
}

function describe({ name, tag, of, endpoint, events }: Described, shapes: Shapes): Operation {
  const { params, query, body, reply, status, summary } = endpoint
  const answer = events ? 'text/event-stream' : 'application/json'
  const schema = events ?? reply
  const upload = UPLOADS.has(endpoint.path)
  return {
    operationId: name,
    tags: [tag],
    summary,
    ...(events ? { description: 'Server-sent events; the schema is that of the data of one.' } : {}),
    security: SECURITY[of],
    parameters: [...listParameters('path', params), ...listParameters('query', query)],
    ...(body ? { requestBody: { required: true, content: { 'application/json': { schema: readBody(body) } } } } : {}),
    ...(upload ? { requestBody: { required: true, content: binary() } } : {}),
    responses: {
      [events ? 200 : status]: {
        description: schema ? 'Done.' : 'Done, without a body.',
        ...(schema ? { content: { [answer]: { schema: shapes.ofReply(schema) } } } : {}),
      },
      default: { description: 'Refused.', content: { 'application/json': { schema: shapes.ofReply(ErrorBody) } } },
    },
  }
}

function binary(): Content {
  return Object.fromEntries(FILES.map((type) => [type, { schema: { type: 'string', format: 'binary' } }]))
}

function listParameters(place: 'path' | 'query', shape: ZodType | undefined): Operation['parameters'] {
  if (!shape) return []
  const { properties = {}, required = [] } = readBody(shape) as {
    properties?: Record<string, Schema>
    required?: string[]
  }
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema,
  }))
}

/** What may be sent: fields with a default may be left out. */
function readBody(shape: ZodType): Schema {
  const { $schema: _, ...schema } = z.toJSONSchema(shape, { io: 'input', unrepresentable: 'any' }) as Schema
  return schema
}

type Shapes = { components: Record<string, Schema>; ofReply(shape: ZodType): Schema }

/** Shapes that the contract names become components, whichever reply meets them first. */
function collectShapes(): Shapes {
  const metadata = z.registry<{ id: string }>()
  for (const [id, shape] of SHAPES) if (/^[A-Z]/.test(id) && !metadata.has(shape)) metadata.add(shape, { id })
  metadata.add(ErrorBody, { id: 'Error' })
  const components: Record<string, Schema> = {}
  return {
    components,
    ofReply(shape) {
      // In a wrapper: a named shape that is asked for itself would come out unnamed.
      const { properties, $defs = {} } = relink(
        z.toJSONSchema(z.object({ reply: shape }), { io: 'output', unrepresentable: 'any', metadata, override: open }),
      ) as { properties: { reply: Schema }; $defs?: Record<string, Schema> }
      for (const [id, { id: _, ...schema }] of Object.entries($defs)) components[id] = schema
      return properties.reply
    },
  }
}

/** Answers may grow fields. */
function open({ jsonSchema }: { jsonSchema: { additionalProperties?: unknown } }): void {
  if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
}

function relink(schema: object): unknown {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/'))
}
