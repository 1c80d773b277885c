const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Null for text that is a name. */
export function asId(text: string): string | null {
  return ID.test(text) ? text.toLowerCase() : null
}
