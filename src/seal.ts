// Secrets that must be read again: AES-256-GCM, stored as `key id ‖ nonce ‖ ciphertext ‖ tag`, bound to their place.
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { Refusal } from './domain/errors.ts'

const KEY_BYTES = 32
const KEY_ID_BYTES = 4
/** NIST SP 800-38D recommends 96 bits for random nonces. */
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Where a secret is stored: moving the bytes elsewhere makes them unreadable. */
export type SealedPlace = { table: string; column: string; row: string }

export type Sealer = {
  seal(plain: string, place: SealedPlace): Buffer
  /** Throws when the bytes were changed, moved, or sealed with a key that is not here. */
  open(sealed: Buffer, place: SealedPlace): string
}

export function createSealer(keys: readonly string[]): Sealer {
  const known = keys.map(readKey)
  const first = known[0]
  if (!first) {
    throw new Refusal('invalid', 'DAYBREAK_SECRET_KEY is not set.', {
      detail: 'Set it to base64 of 32 random bytes, for example from: openssl rand -base64 32',
    })
  }
  return {
    seal(plain, place) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', first.key, nonce).setAAD(associated(place))
      return Buffer.concat([first.id, nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()])
    },
    open(sealed, place) {
      const id = sealed.subarray(0, KEY_ID_BYTES)
      const found = known.find((candidate) => candidate.id.equals(id))
      if (!found)
        throw new Error(`a secret in ${place.table}.${place.column} was sealed with a key that is not configured`)
      const nonce = sealed.subarray(KEY_ID_BYTES, KEY_ID_BYTES + NONCE_BYTES)
      const text = sealed.subarray(KEY_ID_BYTES + NONCE_BYTES, sealed.length - TAG_BYTES)
      const decipher = createDecipheriv('aes-256-gcm', found.key, nonce)
      decipher.setAAD(associated(place)).setAuthTag(sealed.subarray(sealed.length - TAG_BYTES))
      return decipher.update(text, undefined, 'utf8') + decipher.final('utf8')
    },
  }
}

function readKey(text: string): { id: Buffer; key: Buffer } {
  const key = Buffer.from(text, 'base64')
  if (key.length !== KEY_BYTES) {
    throw new Refusal(
      'invalid',
      `DAYBREAK_SECRET_KEY holds a key of ${key.length} bytes; it must be base64 of ${KEY_BYTES}.`,
      {
        detail: 'Make one with: openssl rand -base64 32',
      },
    )
  }
  return { id: createHash('sha256').update('daybreak key id').update(key).digest().subarray(0, KEY_ID_BYTES), key }
}

function associated({ table, column, row }: SealedPlace): Buffer {
  return Buffer.from(JSON.stringify([table, column, row]))
}
