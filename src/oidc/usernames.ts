// Names for people who sign up: as close to what their provider says as the rules allow.
import { randomText } from '../secrets.ts'

const MAX_LENGTH = 32
/** Numbers look kind up to here; a random ending is free for certain. */
const NUMBERED = 9
/** Words that addresses of the API have in the place of a name. */
const RESERVED = new Set(['me', 'new', 'create', 'first', 'login', 'logout', 'oidc', 'oauth2', 'roles', 'authmethods'])

/** Best first: the first that is free is taken. Never used to find somebody, since names prove nothing. */
export function usernameCandidates(claimed: string | undefined, email: string | undefined): string[] {
  const plain = cleanName(claimed) ?? cleanName(email) ?? 'user'
  const base = RESERVED.has(plain.toLowerCase()) ? `${plain}-1` : plain
  const numbered = Array.from({ length: NUMBERED - 1 }, (_, i) => withEnding(base, String(i + 2)))
  return [base, ...numbered, withEnding(base, randomText(8).toLowerCase())]
}

function cleanName(text: string | undefined): string | undefined {
  const local = text?.split('@')[0] ?? ''
  const ascii = local.normalize('NFKD').replaceAll(/\p{M}/gu, '')
  const name = ascii
    .replaceAll(/[^a-zA-Z0-9]+/g, '-')
    .replace(/^-/, '')
    .slice(0, MAX_LENGTH)
    .replace(/-$/, '')
  return name === '' ? undefined : name
}

function withEnding(base: string, ending: string): string {
  return `${base.slice(0, MAX_LENGTH - ending.length - 1).replace(/-$/, '')}-${ending}`
}
