// How one line of the audit log reads: when, who, what, from → to.
import type { AuditChange, AuditLog } from '../contract/audit.ts'
import type { Column } from './table.ts'

const ID = /^([0-9a-f]{8})(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

export const auditColumns: readonly Column<AuditLog>[] = [
  { title: 'WHEN', cell: ({ time }) => `${time.slice(0, 10)} ${time.slice(11, 19)}Z` },
  { title: 'WHO', cell: ({ user }) => (user ? user.username || user.id : 'system') },
  {
    title: 'DID',
    cell: ({ action }) => action,
    style: ({ action }) => (action === 'delete' ? 'red' : undefined),
  },
  { title: 'TO WHAT', cell: (log) => `${log.resource_type} ${log.resource_target || valueWords(log.resource_id)}` },
  { title: 'CHANGE', cell: ({ diff }) => changeWords(diff) },
]

export function changeWords(diff: AuditLog['diff']): string {
  return Object.entries(diff)
    .map(([name, change]) => `${name}: ${fromTo(change)}`)
    .join(', ')
}

function fromTo({ old, new: now, secret }: AuditChange): string {
  if (secret) return '(secret)'
  if (old === null) return valueWords(now)
  return `${valueWords(old)} → ${now === null ? 'none' : valueWords(now)}`
}

/** Of an id its beginning: the rest is in --json. */
function valueWords(value: unknown): string {
  if (value === '') return '""'
  if (typeof value !== 'string') return JSON.stringify(value)
  return ID.exec(value)?.[1] ?? value
}
