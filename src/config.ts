// The server's settings: the only place of `src` that reads its environment.
import os from 'node:os'
import path from 'node:path'
import { z } from 'zod'
import { Refusal } from './domain/errors.ts'
import { type OidcProvider, readOidcSettings } from './oidc/settings.ts'

const DEFAULT_LISTEN = '127.0.0.1:7080'

const Environment = z.object({
  DAYBREAK_LISTEN: z
    .string()
    .regex(/^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$/, 'expected host:port, for example 127.0.0.1:7080')
    .default(DEFAULT_LISTEN),
  DAYBREAK_ACCESS_URL: z.url().optional(),
  DAYBREAK_DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'expected postgres://user:password@host:port/database')
    .optional(),
  DAYBREAK_DATABASE_DIRECT_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'expected postgres://…')
    .optional(),
  DAYBREAK_DATABASE_POOL: z.coerce.number().int().min(2).max(200).default(16),
  DAYBREAK_PREPARED: z.enum(['on', 'off']).default('on'),
  DAYBREAK_HOME: z.string().min(1).optional(),
  DAYBREAK_SECRET_KEY: z.string().min(1).optional(),
  DAYBREAK_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  DAYBREAK_PROVISION_CONCURRENCY: z.coerce.number().int().min(1).max(64).default(4),
  DAYBREAK_CONTROL_CONCURRENCY: z.coerce.number().int().min(1).max(64).default(4),
  DAYBREAK_BACKOFF_SECONDS: z.coerce.number().int().min(1).max(1800).default(60),
  DAYBREAK_UID_BASE: z.coerce.number().int().min(1_000).max(2_000_000_000).default(200_000),
  DAYBREAK_OIDC: z.string().optional(),
  DAYBREAK_OIDC_FILE: z.string().min(1).optional(),
  DAYBREAK_RATE_LIMITS: z.enum(['on', 'off']).default('on'),
  DAYBREAK_PROXY_HOPS: z.coerce.number().int().min(0).max(10).default(0),
  DAYBREAK_DRAIN_SECONDS: z.coerce.number().int().min(0).max(60).default(0),
  DAYBREAK_HARD_LIMIT: z.coerce.number().int().min(0).max(100).default(3),
})

export type Config = {
  /** Where the API listens; never beyond loopback unless configured. */
  listen: { host: string; port: number }
  /** What agents and people use to reach the API. */
  accessUrl: string
  databaseUrl: string | undefined
  /** For LISTEN, workers and migrations, which a pooler in transaction mode would break. */
  databaseDirectUrl: string | undefined
  databasePoolSize: number
  prepared: boolean
  home: string | undefined
  /** Base64 of 32 bytes each; the first seals, all open. */
  secretKeys: readonly string[]
  logLevel: string
  host: string
  /** How many imports and builds one worker process runs at once. */
  provisionConcurrency: number
  controlConcurrency: number
  /** Wait after the first failed prebuild of a preset; doubles with each further one. */
  backoffMs: number
  /** As root: the first of the 10,000 user ids of this home's workspaces; two homes of a machine need ranges apart. */
  uidBase: number
  /** Off only in tests and benchmarks, which ask faster than anybody may. */
  rateLimits: boolean
  /** Reverse proxies in front, each of which adds the address of its client to `X-Forwarded-For`. */
  proxyHops: number
  /** At a stop: so long it still takes requests while `/readyz` already says that it will not, for load balancers. */
  drainMs: number
  /** So many failures in a row stop a preset until a new version; 0 never does. */
  hardLimit: number
  /** Where people sign in, besides here: docs/oidc.md. */
  oidc: readonly OidcProvider[]
}

/** Reads and checks the settings. Throws a `Refusal` that names every wrong one. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const parsed = Environment.safeParse(env)
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
    throw new Refusal('invalid', `Settings are wrong: ${problems.join('; ')}.`, {
      detail: 'See docs/install.md for what each expects.',
    })
  }
  const settings = parsed.data
  const colon = settings.DAYBREAK_LISTEN.lastIndexOf(':')
  const host = settings.DAYBREAK_LISTEN.slice(0, colon).replace(/^\[|\]$/g, '')
  const port = Number(settings.DAYBREAK_LISTEN.slice(colon + 1))
  if (port > 65_535) {
    throw new Refusal('invalid', `DAYBREAK_LISTEN: ${port} is no port; the highest is 65535.`, {
      detail: 'See docs/install.md for what each setting expects.',
    })
  }
  return Object.freeze({
    listen: { host, port },
    accessUrl: (settings.DAYBREAK_ACCESS_URL ?? `http://${settings.DAYBREAK_LISTEN}`).replace(/\/$/, ''),
    databaseUrl: settings.DAYBREAK_DATABASE_URL,
    databaseDirectUrl: settings.DAYBREAK_DATABASE_DIRECT_URL ?? settings.DAYBREAK_DATABASE_URL,
    databasePoolSize: settings.DAYBREAK_DATABASE_POOL,
    prepared: settings.DAYBREAK_PREPARED === 'on',
    home: settings.DAYBREAK_HOME === undefined ? undefined : path.resolve(settings.DAYBREAK_HOME),
    secretKeys: settings.DAYBREAK_SECRET_KEY?.split(',').map((key) => key.trim()) ?? [],
    logLevel: settings.DAYBREAK_LOG_LEVEL,
    host: os.hostname(),
    provisionConcurrency: settings.DAYBREAK_PROVISION_CONCURRENCY,
    controlConcurrency: settings.DAYBREAK_CONTROL_CONCURRENCY,
    backoffMs: settings.DAYBREAK_BACKOFF_SECONDS * 1000,
    uidBase: settings.DAYBREAK_UID_BASE,
    rateLimits: settings.DAYBREAK_RATE_LIMITS === 'on',
    proxyHops: settings.DAYBREAK_PROXY_HOPS,
    drainMs: settings.DAYBREAK_DRAIN_SECONDS * 1000,
    hardLimit: settings.DAYBREAK_HARD_LIMIT,
    oidc: readOidcSettings({ text: settings.DAYBREAK_OIDC, file: settings.DAYBREAK_OIDC_FILE }),
  })
}
