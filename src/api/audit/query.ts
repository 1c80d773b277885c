// The little language of `GET /audit?q=`: `actor:ana action:delete resource_type:template date_from:2026-03-01`.
import { AUDIT_ACTIONS } from '../../contract/audit.ts'
import { Time } from '../../contract/values.ts'
import { Refusal } from '../../domain/errors.ts'
import { asId } from '../ids.ts'

export type AuditQuery = {
  actor?: string
  action?: string
  resource_type?: string
  resource_id?: string
  /** The name that it had. */
  resource_target?: string
  organization?: string
  request_id?: string
  /** Inclusive. */
  date_from?: Date
  /** Exclusive. */
  date_to?: Date
}

const WORDS = [
  'actor',
  'action',
  'resource_type',
  'resource_id',
  'resource_target',
  'organization',
  'request_id',
  'date_from',
  'date_to',
] as const
type Word = (typeof WORDS)[number]

const TOKEN = /(?:([a-z_-]+):)?(?:"([^"]*)"|(\S+))/gi
const DAY = /^\d{4}-\d{2}-\d{2}$/
const DAY_MS = 86_400_000

export function parseAuditQuery(text: string): AuditQuery {
  const query: AuditQuery = {}
  for (const [all, key, quoted, plain] of text.matchAll(TOKEN)) {
    const word = WORDS.find((one) => one === key)
    if (word === undefined) throw wrong(`"${key ?? all}" is not a word of this search: use ${WORDS.join(', ')}.`)
    if (query[word] !== undefined) throw wrong(`"${word}" is there twice.`)
    Object.assign(query, { [word]: readWord(word, quoted ?? plain ?? '') })
  }
  return query
}

function readWord(word: Word, value: string): string | Date {
  if (word === 'date_from' || word === 'date_to') return readDate(word, value)
  if (word === 'action' && !AUDIT_ACTIONS.some((action) => action === value)) {
    throw wrong(`"${value}" is not an action: use ${AUDIT_ACTIONS.join(', ')}.`)
  }
  return word === 'resource_id' ? (asId(value) ?? value) : value
}

/** A day, all of it, or an instant, which belongs to what is asked for. */
function readDate(word: 'date_from' | 'date_to', value: string): Date {
  const isDay = DAY.test(value)
  const text = isDay ? `${value}T00:00:00Z` : value
  if (!Time.safeParse(text).success) {
    throw wrong(`"${value}" is not a date: write 2026-03-04 or 2026-03-04T10:00:00Z.`)
  }
  const ms = Date.parse(text)
  if (word === 'date_from') return new Date(ms)
  return new Date(isDay ? ms + DAY_MS : ms + 1)
}

function wrong(detail: string): Refusal {
  return new Refusal('invalid', 'Invalid audit search query.', { validations: [{ field: 'q', detail }] })
}
