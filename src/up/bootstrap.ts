// What a new deployment needs before anybody can use it: an organization, an admin, and ways to sign in.
import fs from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import {
  deleteSignInLinks,
  findSession,
  findFirstAdmin,
  insertApiKey,
  insertMember,
  insertOrganization,
  insertSignInLink,
  insertUser,
  findOrganization,
} from '../../sql/identity.sql.ts'
import { replaceToken } from '../../sql/api_keys.sql.ts'
import { lockFirstUser } from '../../sql/users.sql.ts'
import type { Pool } from '../../sql/database.ts'
import { type Actor, toActor } from '../api/access.ts'
import { hashSecret, newApiKey, parseApiKey, randomText, sameHash } from '../secrets.ts'

const LINK_SECONDS = 15 * 60
/** 256 bits of 62 letters. */
const LINK_LENGTH = 43
/** The command line of the machine itself; renewed by each start that finds it gone. */
const CLI_TOKEN_SECONDS = 365 * 24 * 60 * 60
const TOKEN_NAME = 'up'

export type Admin = { id: string; username: string; canSignIn: boolean }

export async function ensureAdmin(db: Pool): Promise<Admin> {
  return await db.transaction(async (tx) => {
    let existing = await findFirstAdmin(tx)
    if (!existing) {
      await lockFirstUser(tx) // several servers may start on one new database
      existing = await findFirstAdmin(tx)
    }
    if (existing) return { ...existing, canSignIn: existing.canSignIn === true }
    const organization =
      (await findOrganization(tx, { id: null, name: null })) ??
      (await insertOrganization(tx, { name: 'default', displayName: 'Default', isDefault: true }))
    const admin = { username: 'admin', email: 'admin@localhost', name: 'Admin', loginType: 'none', roles: ['owner'] }
    const { id } = await insertUser(tx, admin)
    await insertMember(tx, { userId: id, organizationId: organization.id })
    return { id, username: admin.username, canSignIn: false }
  })
}

/** Only the newest link works. Null once the admin has another way to sign in. */
export async function newSignInLink(db: Pool, { admin, url }: { admin: Admin; url: string }): Promise<string | null> {
  if (admin.canSignIn) return null
  const token = randomText(LINK_LENGTH)
  await db.transaction(async (tx) => {
    await deleteSignInLinks(tx, { userId: admin.id })
    await insertSignInLink(tx, { tokenHash: hashSecret(token), userId: admin.id, lifetimeSeconds: LINK_SECONDS })
  })
  return `${url}/sign-in?token=${token}`
}

const Stored = z.object({ url: z.string(), token: z.string() })

/** `<home>/cli.json`: how the command line on this machine signs in. Returns the token. */
export async function ensureCliToken(
  db: Pool,
  { admin, url, home }: { admin: Admin; url: string; home: string },
): Promise<string> {
  const file = path.join(home, 'cli.json')
  const stored = readStored(file)
  const token = stored !== undefined && (await isLive(db, stored.token)) ? stored.token : await makeToken(db, admin)
  if (stored?.url !== url || stored.token !== token) {
    fs.writeFileSync(file, `${JSON.stringify({ url, token }, null, 2)}\n`, { mode: 0o600 })
  }
  return token
}

function readStored(file: string): z.output<typeof Stored> | undefined {
  try {
    return Stored.parse(JSON.parse(fs.readFileSync(file, 'utf8')))
  } catch {
    return undefined // none yet, or damaged: it is written anew
  }
}

async function isLive(db: Pool, token: string): Promise<boolean> {
  const key = parseApiKey(token)
  const row = key && (await findSession(db, { id: key.id }))
  return row !== null && sameHash(row.hashedSecret, hashSecret(key?.secret ?? ''))
}

async function makeToken(db: Pool, admin: Admin): Promise<string> {
  const key = newApiKey()
  await db.transaction(async (tx) => {
    await replaceToken(tx, { userId: admin.id, tokenName: TOKEN_NAME }) // its file is gone: nobody needs it
    await insertApiKey(tx, {
      id: key.id,
      hashedSecret: hashSecret(key.secret),
      userId: admin.id,
      loginType: 'token',
      tokenName: TOKEN_NAME,
      lifetimeSeconds: CLI_TOKEN_SECONDS,
    })
  })
  return key.text
}

/** Who signs in with a token of this process' own making. */
export async function actorOf(db: Pool, token: string): Promise<Actor> {
  const row = await findSession(db, { id: parseApiKey(token)?.id ?? '' })
  if (!row) throw new Error('the token that was just stored is gone')
  return toActor(row)
}
