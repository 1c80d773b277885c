// A sign-in that waits for its provider: sealed in the browser's own cookie, so that nothing is stored for strangers.
import { z } from 'zod'
import type { Sealer } from '../seal.ts'

/** Long enough to find a phone and type a code. */
export const PENDING_SECONDS = 10 * 60
/** Browsers keep 4,096 bytes of a cookie. */
export const MAX_REDIRECT = 1_000

const Pending = z.object({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  redirect: z.string(),
  expiresAt: z.number(),
})
export type Pending = z.output<typeof Pending>

/** A cookie of one provider does not open for another. */
const place = (provider: string) => ({ table: 'cookie', column: 'oidc', row: provider })

export function sealPending(sealer: Sealer, { provider, pending }: { provider: string; pending: Pending }): string {
  return sealer.seal(JSON.stringify(pending), place(provider)).toString('base64url')
}

/** Null: none, changed, of another provider, sealed with a key that is gone, or too old. */
export function openPending(
  sealer: Sealer,
  { provider, cookie, now }: { provider: string; cookie: string | undefined; now: number },
): Pending | null {
  if (cookie === undefined) return null
  try {
    const pending = Pending.parse(JSON.parse(sealer.open(Buffer.from(cookie, 'base64url'), place(provider))))
    return pending.expiresAt > now ? pending : null
  } catch {
    return null // whoever changed it is told no more than whoever lost it
  }
}

/** Null unless the browser stays on this server (CWE-601): browsers read `//x` and `/\x` as other hosts. */
export function localPath(redirect: string): string | null {
  if (!/^\/(?![/\\])[\x21-\x7e]*$/.test(redirect) || redirect.length > MAX_REDIRECT) return null
  const here = 'http://here.invalid'
  if (!URL.canParse(redirect, here)) return null
  const { origin, pathname, search, hash } = new URL(redirect, here)
  // Dots can fold into a second slash: `/x/..//host`.
  return origin === here && !pathname.startsWith('//') ? pathname + search + hash : null
}
