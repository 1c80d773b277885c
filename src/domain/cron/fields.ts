// One field of a cron expression: from its text to the numbers it matches, or to a code and the place of the mistake.

export const FIELD_NAMES = ['minute', 'hour', 'dayOfMonth', 'month', 'dayOfWeek'] as const
export type FieldName = (typeof FIELD_NAMES)[number]

export type FieldErrorCode = 'bad_number' | 'bad_step' | 'out_of_range' | 'range_reversed'
export type FieldError = { code: FieldErrorCode; field: FieldName; position: number; message: string }

/** A piece of the expression between blanks; `position` counts characters from 0 in the whole expression. */
export type Token = { text: string; position: number }

/** `star`: the field leaves everything open, which decides how the two day fields are joined. */
export type CronField = { star: boolean; values: ReadonlySet<number> }
export type CronFields = Record<FieldName, CronField>

type Item = { from: number; to: number; step: number; star: boolean }
type FieldRule = { label: string; min: number; max: number; names: readonly string[] }

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']

const RULES: Record<FieldName, FieldRule> = {
  minute: { label: 'minute', min: 0, max: 59, names: [] },
  hour: { label: 'hour', min: 0, max: 23, names: [] },
  dayOfMonth: { label: 'day of the month', min: 1, max: 31, names: [] },
  month: { label: 'month', min: 1, max: 12, names: MONTHS },
  dayOfWeek: { label: 'weekday', min: 0, max: 6, names: WEEKDAYS },
}

export function parseField(token: Token, field: FieldName): CronField | FieldError {
  const values = new Set<number>()
  let star = false
  let position = token.position
  for (const text of token.text.split(',')) {
    const item = parseItem({ text, position }, field)
    if ('code' in item) return item
    for (let value = item.from; value <= item.to; value += item.step) values.add(value)
    star ||= item.star
    position += text.length + 1
  }
  return { star, values }
}

export function isFieldError(parsed: CronField | FieldError): parsed is FieldError {
  return 'code' in parsed
}

export function fieldLabel(field: FieldName): string {
  return RULES[field].label
}

function parseItem(token: Token, field: FieldName): Item | FieldError {
  const rule = RULES[field]
  const [base = '', stepText, ...extra] = token.text.split('/')
  const stepPosition = token.position + base.length + 1
  const range = parseRange({ text: base, position: token.position }, field)
  if ('code' in range) return range
  if (extra.length > 0) return badStep({ text: [stepText, ...extra].join('/'), position: stepPosition }, field)
  const step = stepText === undefined ? 1 : parseDigits(stepText)
  if (step === undefined || step === 0) return badStep({ text: stepText ?? '', position: stepPosition }, field)
  // `a/s` runs to the end of the field: 30/15 means 30 and 45.
  const to = stepText !== undefined && range.single ? rule.max : range.to
  return (
    checkBounds(range, { field, position: token.position }) ?? {
      from: range.from,
      to,
      step,
      // `*/1` leaves as much open as `*`; every larger step restricts the field.
      star: range.star && step === 1,
    }
  )
}

type Range = { from: number; to: number; toPosition: number; single: boolean; star: boolean }

function parseRange(token: Token, field: FieldName): Range | FieldError {
  const { min, max } = RULES[field]
  if (isOpen(token.text, field)) return { from: min, to: max, toPosition: token.position, single: false, star: true }
  const dash = token.text.indexOf('-')
  const fromText = dash === -1 ? token.text : token.text.slice(0, dash)
  const from = parseNumber(fromText, field)
  if (from === undefined) return badNumber({ text: fromText || token.text, position: token.position }, field)
  if (dash === -1) return { from, to: from, toPosition: token.position, single: true, star: false }
  const toText = token.text.slice(dash + 1)
  const toPosition = token.position + dash + 1
  const to = parseNumber(toText, field)
  if (to === undefined) return badNumber({ text: toText, position: toPosition }, field)
  return { from, to, toPosition, single: false, star: false }
}

/** `?` is what several cron dialects write for a day field that the other day field decides. */
function isOpen(text: string, field: FieldName): boolean {
  return text === '*' || (text === '?' && (field === 'dayOfMonth' || field === 'dayOfWeek'))
}

function parseNumber(text: string, field: FieldName): number | undefined {
  const { names, min } = RULES[field]
  const named = names.indexOf(text.toUpperCase())
  return named === -1 ? parseDigits(text) : named + min
}

function parseDigits(text: string): number | undefined {
  return /^[0-9]+$/.test(text) ? Number(text) : undefined
}

function checkBounds(range: Range, at: { field: FieldName; position: number }): FieldError | undefined {
  const { label, min, max } = RULES[at.field]
  const outside = [
    { value: range.from, position: at.position },
    { value: range.to, position: range.toPosition },
  ].find(({ value }) => value < min || value > max)
  if (outside !== undefined) {
    const hint = at.field === 'dayOfWeek' && outside.value === 7 ? ', and Sunday is 0' : ''
    const message = `The ${label} must be between ${min} and ${max}${hint}; ${outside.value} is not.`
    return { code: 'out_of_range', field: at.field, position: outside.position, message }
  }
  if (range.from <= range.to) return undefined
  return {
    code: 'range_reversed',
    field: at.field,
    position: at.position,
    message: `The ${label} range ${range.from}-${range.to} is reversed; write ${range.from}-${max},${min}-${range.to}.`,
  }
}

function badNumber(token: Token, field: FieldName): FieldError {
  const { label, min, max, names } = RULES[field]
  const allowed = names.length === 0 ? `${min}-${max}` : `${min}-${max} or ${names[0]}-${names.at(-1)}`
  const found = token.text === '' ? 'A value is missing' : `"${token.text}" is not a number`
  const message = `${found} in the ${label} field; use ${allowed}.`
  return { code: 'bad_number', field, position: token.position, message }
}

function badStep(token: Token, field: FieldName): FieldError {
  const message = `The step "/${token.text}" in the ${RULES[field].label} field must be one whole number from 1.`
  return { code: 'bad_step', field, position: token.position, message }
}
