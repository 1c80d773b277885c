// Checks a five-field schedule and says what is wrong and where, in the order in which a reader would find it.
import { CALENDAR, matchesDay } from './cron/days.ts'
import {
  type CronFields,
  FIELD_NAMES,
  type FieldErrorCode,
  type FieldName,
  fieldLabel,
  isFieldError,
  parseField,
  type Token,
} from './cron/fields.ts'
import { ZONE_NAMES } from './zoneNames.ts'

export type CronErrorCode =
  | 'empty'
  | 'field_count'
  | 'descriptor_not_supported'
  | 'bad_tz_prefix'
  | 'tz_prefix_not_allowed'
  | 'timezone_required'
  | 'local_timezone'
  | 'unknown_timezone'
  | 'minute_not_star'
  | 'dom_month_not_star'
  | 'dow_not_star'
  | 'single_time_required'
  | FieldErrorCode
  | 'never_matches'

export type CronWarning =
  | 'two_day_list_looks_like_a_range'
  | 'dom_and_dow_are_joined_with_or'
  | 'more_than_one_start_per_day'

/** `position` counts characters from 0 in the expression; an error of the zone beside it has position 0. */
export type CronError = {
  code: CronErrorCode
  field: FieldName | 'expression' | 'timezone'
  position: number
  message: string
}

export type CronOptions =
  | { kind: 'autostart' | 'quiet_hours' }
  | { kind: 'prebuild_window'; timezone: string | null | undefined }

export type CronCheck =
  | { valid: true; fields: CronFields; timezone: string; warnings: readonly CronWarning[] }
  | { valid: false; error: CronError; warnings: readonly CronWarning[] }

type Zone = Token & { prefixed: boolean }
type FieldTokens = Record<FieldName, Token>

const PREFIX = 'CRON_TZ='
const DEFAULT_ZONE = 'UTC'

export function validateCron(expression: string, options: CronOptions): CronCheck {
  const tokens = tokenise(expression)
  const [first] = tokens
  if (first === undefined) return refuse('empty', whole(0, 'The schedule is empty; write five fields.'))

  const prefixed = /^[A-Za-z_]+=/.test(first.text)
  const zone = findZone(first, options)
  const misplaced = (prefixed ? checkPrefix(first, options) : undefined) ?? checkZoneGiven(zone)
  if (misplaced !== undefined) return invalid(misplaced)

  const rest = prefixed ? tokens.slice(1) : tokens
  const malformed = checkDescriptor(rest) ?? checkFieldCount(rest, expression) ?? checkZoneKnown(zone)
  if (malformed !== undefined) return invalid(malformed)

  const texts = nameFields(rest)
  const unfixed = checkFixedFields(texts, options)
  if (unfixed !== undefined) return invalid(unfixed)

  const fields = parseFields(texts)
  if ('code' in fields) return invalid(fields)
  if (!CALENDAR.some((day) => matchesDay(fields, day))) {
    const message = 'No month of this schedule has that day, so it never happens; change the day or the month.'
    return refuse('never_matches', { field: 'dayOfMonth', position: texts.dayOfMonth.position, message })
  }
  return { valid: true, fields, timezone: zone.text, warnings: listWarnings(fields, { texts, options }) }
}

/** The zone's own rules, for a preset that keeps it beside its schedules. */
export function validateTimezone(timezone: string | null | undefined): CronError | undefined {
  const zone = besideExpression(timezone)
  return checkZoneGiven(zone) ?? checkZoneKnown(zone)
}

function tokenise(expression: string): Token[] {
  return Array.from(expression.matchAll(/\S+/g), (match) => ({ text: match[0], position: match.index }))
}

function findZone(first: Token, options: CronOptions): Zone {
  if (options.kind === 'prebuild_window') return besideExpression(options.timezone)
  if (!first.text.startsWith(PREFIX)) return { text: DEFAULT_ZONE, position: first.position, prefixed: false }
  return { text: first.text.slice(PREFIX.length), position: first.position + PREFIX.length, prefixed: true }
}

function besideExpression(timezone: string | null | undefined): Zone {
  const blank = (timezone ?? '').trim() === ''
  return { text: blank ? '' : (timezone ?? ''), position: 0, prefixed: false }
}

function checkPrefix(first: Token, options: CronOptions): CronError | undefined {
  const at = { field: 'timezone', position: first.position } as const
  if (options.kind === 'prebuild_window') {
    const message = 'A window takes the time zone of its preset; remove the prefix and set the time zone there.'
    return { code: 'tz_prefix_not_allowed', ...at, message }
  }
  if (first.text.startsWith(PREFIX)) return undefined
  const message = `"${first.text}" is not a time zone prefix; write CRON_TZ= in capitals, then the zone.`
  return { code: 'bad_tz_prefix', ...at, message }
}

function checkZoneGiven(zone: Zone): CronError | undefined {
  const at = { field: 'timezone', position: zone.position } as const
  if (zone.text === '' && !zone.prefixed) {
    const message = 'Windows need a time zone; name one such as Europe/Berlin or UTC.'
    return { code: 'timezone_required', ...at, message }
  }
  if (zone.text !== 'Local') return undefined
  const message = 'The time zone "Local" means another one on every machine; name one such as Europe/Berlin or UTC.'
  return { code: 'local_timezone', ...at, message }
}

function checkDescriptor([first]: readonly Token[]): CronError | undefined {
  if (!first?.text.startsWith('@')) return undefined
  const message = `"${first.text}" is not supported; write five fields.`
  return { code: 'descriptor_not_supported', ...whole(first.position, message) }
}

function checkFieldCount(tokens: readonly Token[], expression: string): CronError | undefined {
  if (tokens.length === FIELD_NAMES.length) return undefined
  const position = tokens[FIELD_NAMES.length]?.position ?? expression.length
  const message = `A schedule has five fields (minute, hour, day of month, month, weekday); this has ${tokens.length}.`
  return { code: 'field_count', ...whole(position, message) }
}

function checkZoneKnown(zone: Zone): CronError | undefined {
  if (ZONE_NAMES.has(zone.text)) return undefined
  const similar = [...ZONE_NAMES].find((name) => name.toLowerCase() === zone.text.toLowerCase())
  const advice = similar === undefined ? 'use a name such as Europe/Berlin or UTC' : `did you mean ${similar}?`
  const message = `There is no time zone "${zone.text}"; ${advice}${similar === undefined ? '.' : ''}`
  return { code: 'unknown_timezone', field: 'timezone', position: zone.position, message }
}

function nameFields(tokens: readonly Token[]): FieldTokens {
  const [minute, hour, dayOfMonth, month, dayOfWeek] = tokens
  if (!minute || !hour || !dayOfMonth || !month || !dayOfWeek) throw new Error('five fields were counted before')
  return { minute, hour, dayOfMonth, month, dayOfWeek }
}

function checkFixedFields(texts: FieldTokens, options: CronOptions): CronError | undefined {
  if (options.kind === 'prebuild_window') return requireStar('minute_not_star', texts, ['minute'])
  const daily = requireStar('dom_month_not_star', texts, ['dayOfMonth', 'month'])
  if (options.kind === 'autostart' || daily !== undefined) return daily
  return requireStar('dow_not_star', texts, ['dayOfWeek']) ?? requireSingleTime(texts)
}

function requireStar(code: CronErrorCode, texts: FieldTokens, names: readonly FieldName[]): CronError | undefined {
  const field = names.find((name) => texts[name].text !== '*')
  if (field === undefined) return undefined
  const message = `The ${fieldLabel(field)} field must be * here; "${texts[field].text}" is not.`
  return { code, field, position: texts[field].position, message }
}

function requireSingleTime(texts: FieldTokens): CronError | undefined {
  // A leading minus is a wrong number, not a range.
  const field = (['minute', 'hour'] as const).find((name) => /[*?,/]|.-/.test(texts[name].text))
  if (field === undefined) return undefined
  const message = `Quiet hours start at one time a day; write one number in the ${fieldLabel(field)} field.`
  return { code: 'single_time_required', field, position: texts[field].position, message }
}

function parseFields(texts: FieldTokens): CronFields | CronError {
  const minute = parseField(texts.minute, 'minute')
  if (isFieldError(minute)) return minute
  const hour = parseField(texts.hour, 'hour')
  if (isFieldError(hour)) return hour
  const dayOfMonth = parseField(texts.dayOfMonth, 'dayOfMonth')
  if (isFieldError(dayOfMonth)) return dayOfMonth
  const month = parseField(texts.month, 'month')
  if (isFieldError(month)) return month
  const dayOfWeek = parseField(texts.dayOfWeek, 'dayOfWeek')
  return isFieldError(dayOfWeek) ? dayOfWeek : { minute, hour, dayOfMonth, month, dayOfWeek }
}

function listWarnings(fields: CronFields, given: { texts: FieldTokens; options: CronOptions }): CronWarning[] {
  const warnings: CronWarning[] = []
  if (looksLikeRange(given.texts.dayOfWeek.text, fields)) warnings.push('two_day_list_looks_like_a_range')
  if (!fields.dayOfMonth.star && !fields.dayOfWeek.star) warnings.push('dom_and_dow_are_joined_with_or')
  const starts = fields.minute.values.size * fields.hour.values.size
  if (given.options.kind === 'autostart' && starts > 1) warnings.push('more_than_one_start_per_day')
  return warnings
}

/** `1,5` is often written for Monday to Friday. `1,2` is the same as its range, and `0,6` is the weekend. */
function looksLikeRange(text: string, { dayOfWeek }: CronFields): boolean {
  const [from, to] = dayOfWeek.values
  if (!/^\w+,\w+$/.test(text) || from === undefined || to === undefined) return false
  return to - from > 1 && !(from === 0 && to === 6)
}

function whole(position: number, message: string): Omit<CronError, 'code'> {
  return { field: 'expression', position, message }
}

function refuse(code: CronErrorCode, rest: Omit<CronError, 'code'>): CronCheck {
  return invalid({ code, ...rest })
}

function invalid(error: CronError): CronCheck {
  return { valid: false, error, warnings: [] }
}
