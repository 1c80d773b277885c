// What is wrong with one value, in the words of somebody who writes YAML.
import type { z } from 'zod'
import { quote } from '../../domain/manifestRules/finding.ts'
import { nearestWord } from '../../domain/manifestRules/nearestWord.ts'

type RawIssue = z.core.$ZodRawIssue

const MISSING = 'is missing'

const KINDS: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a group of fields',
  record: 'a group of names with values',
}

/** For zod's `error` option; a message that the schema itself gives is preferred to it. */
export function describeIssue(issue: RawIssue): string | undefined {
  if (issue.code === 'invalid_type') return describeType(KINDS[issue.expected] ?? issue.expected, issue.input)
  if (issue.code === 'invalid_value') return describeChoice(issue.values.map(String), issue.input)
  if (issue.code === 'too_small') return describeTooSmall(issue)
  return issue.code === 'too_big' ? describeTooBig(issue) : undefined
}

export function isMissing({ message }: { message: string }): boolean {
  return message.startsWith(MISSING)
}

function describeType(kind: string, input: unknown): string {
  if (input === undefined) return `${MISSING}; give ${kind}`
  if (input === null) return `is empty; give ${kind} or remove the line`
  if (kind === KINDS['string'] && (typeof input === 'number' || typeof input === 'boolean')) {
    return `must be text; write it in quotes: "${String(input)}"`
  }
  return `must be ${kind}, not ${describeInput(input)}`
}

function describeInput(input: unknown): string {
  if (typeof input === 'string') return quote(input)
  if (Array.isArray(input)) return 'a list'
  return typeof input === 'number' || typeof input === 'boolean' ? String(input) : 'a group of fields'
}

function describeChoice(choices: readonly string[], input: unknown): string {
  if (input === undefined) return `${MISSING}; use ${listChoices(choices)}`
  const similar = typeof input === 'string' ? nearestWord(input, choices) : undefined
  const advice = similar === undefined ? '' : `; did you mean ${quote(similar)}?`
  return `must be ${listChoices(choices)}, not ${describeInput(input)}${advice}`
}

function listChoices(choices: readonly string[]): string {
  const quoted = choices.map(quote)
  return [quoted.slice(0, -1).join(', '), quoted.at(-1)].filter(Boolean).join(' or ')
}

function describeTooSmall({ origin, minimum, input }: z.core.$ZodRawIssue<z.core.$ZodIssueTooSmall>): string {
  if (origin === 'string') return 'is empty; write something'
  if (origin === 'array') return 'is empty; it needs at least one entry'
  return `must be at least ${minimum}, not ${String(input)}`
}

function describeTooBig({ origin, maximum, input }: z.core.$ZodRawIssue<z.core.$ZodIssueTooBig>): string {
  const length = typeof input === 'string' || Array.isArray(input) ? input.length : 0
  if (origin === 'string') return `must be at most ${maximum} characters long; it has ${length}`
  if (origin === 'array') return `can have at most ${maximum} entries; it has ${length}`
  return `must be at most ${maximum}, not ${String(input)}`
}
