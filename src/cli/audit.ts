import { AUDIT_ACTIONS, type AuditLog, listAuditLogs } from '../contract/audit.ts'
import type { Client } from '../contract/client.ts'
import { auditColumns } from './auditWords.ts'
import type { Define } from './commands.ts'
import { usage } from './failure.ts'
import { MAX_LISTED } from './pageThrough.ts'
import { withExamples } from './program.ts'
import { renderTable } from './table.ts'
import { parseDuration } from './words.ts'

const PAGE_SIZE = 200
const DAY_MS = 86_400_000
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

type Options = {
  actor?: string
  action?: string
  target?: string
  organization?: string
  request?: string
  since?: string
  until?: string
  limit: string
}

export const audit: Define = (command, { output, connect }) => {
  command
    .option('--actor <user>', 'who: a name, an id, or me')
    .option('--action <action>', `what: ${AUDIT_ACTIONS.slice(0, 4).join(', ')}, …`)
    .option('--target <target>', 'on what: a type, type:name, type:id or an id')
    .option('--organization <name>', 'in one organization')
    .option('--request <id>', 'in one request, by its X-Request-Id')
    .option('--since <time>', 'a date, a time, or how long ago: 2026-03-04, 2h, 7d')
    .option('--until <time>', 'the same; a date includes its day')
    .option('--limit <count>', 'how many lines at most', '50')
    .action(async (options: Options) => {
      const q = auditQuery(options, new Date())
      const limit = readLimit(options.limit)
      const { logs, count } = await readNewest(connect().client, { q, limit })
      output.answer(logs, () =>
        logs.length === 0 ? NOTHING : renderTable(logs, { columns: auditColumns, paint: output.paint }),
      )
      if (count > logs.length) output.note(`These are the newest ${logs.length}: ask for more with --limit.`)
    })
  withExamples(command, [
    'daybreak audit --since 2h',
    'daybreak audit --actor ana --action delete --since 2026-03-01 --until 2026-03-31',
    'daybreak audit --target template:us-nix --json',
  ])
}

const NOTHING = 'Nothing that matches was changed.'

/** By the id of the last line seen: what is written meanwhile moves no line to another page. */
async function readNewest(client: Client, { q, limit }: { q: string; limit: number }) {
  const logs: AuditLog[] = []
  for (;;) {
    const last = logs.at(-1)?.id
    const page = Math.min(PAGE_SIZE, limit - logs.length)
    const query = { q, limit: page, ...(last === undefined ? {} : { after_id: last }) }
    const { audit_logs, count } = await client(listAuditLogs, { query })
    logs.push(...audit_logs)
    if (audit_logs.length < page || logs.length >= limit) return { logs, count }
  }
}

export function auditQuery({ actor, action, target, organization, request, since, until }: Options, now: Date): string {
  const words: readonly (readonly [string, string | undefined])[] = [
    ['actor', actor],
    ['action', action],
    ...targetWords(target),
    ['organization', organization],
    ['request_id', request],
    ['date_from', since && readTime(since, now)],
    ['date_to', until && readTime(until, now)],
  ]
  return words.flatMap(([word, value]) => (value === undefined ? [] : [`${word}:${quoted(value)}`])).join(' ')
}

function targetWords(target: string | undefined): (readonly [string, string])[] {
  if (target === undefined) return []
  if (ID.test(target)) return [['resource_id', target]]
  const [type = '', ...rest] = target.split(':')
  const which = rest.join(':')
  if (which === '') return [['resource_type', type]]
  return [
    ['resource_type', type],
    [ID.test(which) ? 'resource_id' : 'resource_target', which],
  ]
}

function quoted(value: string): string {
  if (value.includes('"') || value === '') throw usage(`"${value}" cannot be searched for.`)
  return /\s/.test(value) ? `"${value}"` : value
}

function readTime(text: string, now: Date): string {
  if (/^\d{4}-\d{2}-\d{2}(T\S+)?$/.test(text)) return text
  const days = /^(\d{1,5})d$/.exec(text)?.[1]
  const ms = days === undefined ? durationOf(text) : Number(days) * DAY_MS
  return new Date(now.getTime() - ms).toISOString()
}

function durationOf(text: string): number {
  try {
    return parseDuration(text)
  } catch {
    throw usage(`"${text}" is not a time.`, 'Write it like 2026-03-04, 2026-03-04T10:00:00Z, 2h or 7d.')
  }
}

function readLimit(text: string): number {
  const limit = Number(text)
  if (Number.isInteger(limit) && limit > 0 && limit <= MAX_LISTED) return limit
  throw usage(`--limit is a number from 1 to ${MAX_LISTED}.`)
}
