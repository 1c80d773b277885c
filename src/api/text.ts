// PostgreSQL keeps no NUL character and no half of a surrogate pair.
import type { Validation } from '../domain/errors.ts'

/** The usual case, without a list of places. */
export function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return isStorableText(value)
  if (typeof value !== 'object' || value === null) return true
  for (const key of Object.keys(value)) {
    if (!isStorableText(key) || !isStorable((value as Record<string, unknown>)[key])) return false
  }
  return true
}

/** Every place in a parsed request whose text could not be stored as it was sent. */
export function unstorable(value: unknown, path: readonly string[] = []): Validation[] {
  if (typeof value === 'string') {
    return isStorableText(value)
      ? []
      : [{ field: path.join('.'), detail: 'This text has characters that cannot be stored.' }]
  }
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => [
    ...(isStorableText(key) ? [] : unstorable(key, path)),
    ...unstorable(inner, [...path, key]),
  ])
}

/** For what programs wrote, which nobody can be asked to write again. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd')
}

function isStorableText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}
