// Passwords: hashed with argon2id, kept as a PHC string that names the parameters it was made with.
import { argon2, type Argon2Parameters, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { Refusal } from './domain/errors.ts'

export type Hasher = (parameters: Argon2Parameters) => Promise<Buffer>

export type Passwords = {
  /** As a PHC string with a salt of its own. */
  hash(password: string): Promise<string>
  /** Null, where there is no hash to compare with, costs as much as a wrong password and never matches. */
  check(stored: string | null, password: string): Promise<Checked>
}
/** `outdated`: it was hashed with other parameters than today's. */
export type Checked = { matches: boolean; outdated: boolean }

/**
 * The second of OWASP's equal choices, which fits a server that does other things too:
 * https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#argon2id
 */
const MEMORY_KIB = 19_456
const PASSES = 2
const LANES = 1
/** RFC 9106, section 3.1, for both. */
const SALT_BYTES = 16
const TAG_BYTES = 32
const VERSION = 19

/** Each takes a core and 19 MiB for some 30 ms; Node has four such threads, and files and DNS need some of them. */
const AT_ONCE = 2
/** Half a second's worth; whoever comes later is better told so than kept waiting. */
const MAX_WAITING = 32

/** What a stored hash may ask for: a damaged row must not take the machine's memory. */
const MAX_MEMORY_KIB = 262_144
const MAX_PASSES = 16

export const MIN_PASSWORD = 12
/** Longer ones gain nothing, and would cost time to hash. */
export const MAX_PASSWORD = 128

export function createPasswords(hasher: Hasher = argon2id): Passwords {
  const limited = limit(hasher)
  const nobody: Phc = { memory: MEMORY_KIB, passes: PASSES, lanes: LANES, salt: randomBytes(SALT_BYTES), tag: null }
  return {
    async hash(password) {
      const salt = randomBytes(SALT_BYTES)
      const tag = await limited(parametersOf(password, { ...nobody, salt }))
      return `$argon2id$v=${VERSION}$m=${MEMORY_KIB},t=${PASSES},p=${LANES}$${base64(salt)}$${base64(tag)}`
    },
    async check(stored, password) {
      const wanted = (stored === null ? null : parsePhc(stored)) ?? nobody
      const tag = await limited(parametersOf(password, wanted))
      const matches = wanted.tag !== null && tag.length === wanted.tag.length && timingSafeEqual(tag, wanted.tag)
      const current = wanted.memory === MEMORY_KIB && wanted.passes === PASSES && wanted.lanes === LANES
      return { matches, outdated: !current || wanted.salt.length !== SALT_BYTES || wanted.tag?.length !== TAG_BYTES }
    },
  }
}

/** Of this process: one bound for all who sign in. */
export const passwords = createPasswords()

/** What is wrong with a new password of somebody who is called `names`; undefined: nothing. */
export function passwordProblem(password: string, names: readonly string[]): string | undefined {
  const length = Array.from(password).length
  if (length < MIN_PASSWORD) return `A password has at least ${MIN_PASSWORD} characters.`
  if (length > MAX_PASSWORD) return `A password has at most ${MAX_PASSWORD} characters.`
  if (new Set(password).size < 4) return 'A password has at least four different characters.'
  const plain = password.toLowerCase()
  const own = names.some((name) => name !== '' && (name.toLowerCase() === plain || isRepeated(plain, name)))
  return own ? 'A password is not your name or your mail address.' : undefined
}

function isRepeated(password: string, name: string): boolean {
  return password.replaceAll(name.toLowerCase(), '') === ''
}

type Phc = { memory: number; passes: number; lanes: number; salt: Buffer; tag: Buffer | null }

const PHC = /^\$argon2id\$v=19\$m=(\d{1,9}),t=(\d{1,4}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,172})$/

/** Null for what is none of ours: nothing matches it. */
function parsePhc(text: string): Phc | null {
  const [, m = '', t = '', p = '', salt = '', tag = ''] = PHC.exec(text) ?? []
  const [memory, passes, lanes] = [Number(m), Number(t), Number(p)]
  if (memory < 8 * lanes || memory > MAX_MEMORY_KIB || passes < 1 || passes > MAX_PASSES || lanes < 1) return null
  return { memory, passes, lanes, salt: Buffer.from(salt, 'base64'), tag: Buffer.from(tag, 'base64') }
}

/** One person types `é` as one character, another machine as two: NFKC, as NIST SP 800-63B asks, makes them one. */
function parametersOf(password: string, { memory, passes, lanes, salt, tag }: Phc): Argon2Parameters {
  const message = Buffer.from(password.normalize('NFKC'))
  return { message, nonce: salt, memory, passes, parallelism: lanes, tagLength: tag?.length ?? TAG_BYTES }
}

/** PHC strings have no padding. */
function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}

const argon2Async = promisify(argon2)

async function argon2id(parameters: Argon2Parameters): Promise<Buffer> {
  return await argon2Async('argon2id', parameters)
}

/** So many at once, the next in the order in which they came, and a refusal for whoever would wait too long. */
function limit(hasher: Hasher): Hasher {
  const waiting: (() => void)[] = []
  let running = 0
  return async (parameters) => {
    if (running >= AT_ONCE) {
      if (waiting.length >= MAX_WAITING) {
        throw new Refusal('unavailable', 'Too many people are signing in at this moment.', { retryAfterSeconds: 1 })
      }
      await new Promise<void>((resolve) => waiting.push(resolve))
    } else running++
    try {
      return await hasher(parameters)
    } finally {
      const next = waiting.shift()
      if (next)
        next() // takes over this place
      else running--
    }
  }
}
