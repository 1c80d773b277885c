// Whether a value is one that a parameter can have. All values are text, as they travel in a build's parameters.
import type { ManifestParameter } from '../manifest.ts'
import { quote } from './finding.ts'
import { nearestWord } from './nearestWord.ts'

/** More choices than this are not listed in a message. */
const MAX_LISTED = 8

/** Undefined: the parameter can have this value. */
export function refuseValue(parameter: ManifestParameter, value: string): string | undefined {
  return refuseType(parameter.type, value) ?? refuseChoice(parameter, value)
}

/** Undefined: the text is of that type. */
export function refuseType(type: ManifestParameter['type'], value: string): string | undefined {
  return REFUSALS[type](value)
}

const REFUSALS: Record<ManifestParameter['type'], (value: string) => string | undefined> = {
  string: () => undefined,
  number: (value) => (/^-?\d+(?:\.\d+)?$/.test(value) ? undefined : `${quote(value)} is not a number`),
  bool: (value) => (value === 'true' || value === 'false' ? undefined : `${quote(value)} is not "true" or "false"`),
  'list(string)': (value) =>
    parseList(value) === undefined ? `${quote(value)} is not a list of texts such as '["a", "b"]'` : undefined,
}

function refuseChoice({ type, options }: ManifestParameter, value: string): string | undefined {
  const choices = options.map((option) => option.value)
  if (choices.length === 0 || choices.includes(value)) return undefined
  // A list may be chosen whole or put together from the options.
  const items = type === 'list(string)' ? (parseList(value) ?? [value]) : [value]
  const wrong = items.find((item) => !choices.includes(item))
  if (wrong === undefined) return undefined
  const similar = nearestWord(wrong, choices)
  if (similar !== undefined) return `${quote(wrong)} is not one of the options; did you mean ${quote(similar)}?`
  const more = choices.length > MAX_LISTED ? ', …' : ''
  return `${quote(wrong)} is not one of the options; use ${choices.slice(0, MAX_LISTED).map(quote).join(', ')}${more}`
}

function parseList(value: string): string[] | undefined {
  try {
    const parsed: unknown = JSON.parse(value)
    return Array.isArray(parsed) && parsed.every((item) => typeof item === 'string') ? parsed : undefined
  } catch {
    return undefined
  }
}
