import { Cron } from 'croner'
import { type CronField, type CronFields, FIELD_NAMES } from './fields.ts'

/** A pattern that answers for wall clocks written as UTC; it never hears of a zone, whose clock changes are ours. */
export type Pattern = Cron

/** Our numbers go in, not the text: croner refuses steps beyond a field and takes a step of one for a restriction. */
export function compilePattern(fields: CronFields): Pattern {
  const text = FIELD_NAMES.map((name) => renderField(fields[name])).join(' ')
  return new Cron(text, { mode: '5-part', utcOffset: 0 })
}

function renderField({ star, values }: CronField): string {
  return star ? '*' : [...values].toSorted((a, b) => a - b).join(',')
}
