// Random secrets, and the hashes by which they are found again.
import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const KEY_ID_LENGTH = 10
/** 22 characters of 62: 130 bits. */
const KEY_SECRET_LENGTH = 22

export type ApiKeyText = { id: string; secret: string; text: string }

export function newApiKey(): ApiKeyText {
  const id = randomText(KEY_ID_LENGTH)
  const secret = randomText(KEY_SECRET_LENGTH)
  return { id, secret, text: `${id}-${secret}` }
}

/** Null for anything that cannot be one of ours, without asking the database. */
export function parseApiKey(text: string): { id: string; secret: string } | null {
  const match = /^([A-Za-z0-9]{10})-([A-Za-z0-9]{22})$/.exec(text)
  return match?.[1] && match[2] ? { id: match[1], secret: match[2] } : null
}

export function randomText(length: number): string {
  return Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
}

/** Only for high-entropy secrets: a plain hash of a password would be guessed. */
export function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

export function sameHash(left: Buffer, right: Buffer): boolean {
  return left.length === right.length && timingSafeEqual(left, right)
}

/** 72 bits, short enough for the names of cloud resources. */
export function prebuildName(): string {
  return `prebuild-${base32(randomBytes(9))}`
}

function base32(bytes: Buffer): string {
  const digits = 'abcdefghijklmnopqrstuvwxyz234567'
  let bits = 0n
  for (const byte of bytes) bits = (bits << 8n) | BigInt(byte)
  const length = Math.ceil((bytes.length * 8) / 5)
  return Array.from({ length }, (_, i) => digits[Number((bits >> BigInt(5 * (length - 1 - i))) & 31n)]).join('')
}
