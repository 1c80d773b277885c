// Whose account an identity is, and what a sign-in changes about it. Everything here happens in one transaction.
import { findOrganization, insertMember, insertUser, isMember } from '../../sql/identity.sql.ts'
import type { Tx } from '../../sql/database.ts'
import {
  findUserByEmail,
  insertOidcGroup,
  joinOidcGroups,
  leaveOidcGroups,
  listOidcGroups,
  listTakenUsernames,
} from '../../sql/oidc.sql.ts'
import { findLinkedUser, saveUserLink } from '../../sql/user_links.sql.ts'
import { lockOwners, setUserRoles } from '../../sql/users.sql.ts'
import type { Json } from '../../sql/values.ts'
import { Refusal } from '../domain/errors.ts'
import { type Email, emailClaim, keptClaims, type LinkClaims, textClaim } from './claims.ts'
import type { Finished } from './client.ts'
import { type WantedGroup, wantedGroups, wantedRoles } from './mapping.ts'
import type { OidcProvider } from './settings.ts'
import { usernameCandidates } from './usernames.ts'

const MAX_NAME = 128
/** Of one person in one organization; the claim has a bound of its own. */
const MAX_GROUPS = 2_000

type Account = { id: string; username: string; roles: readonly string[]; registered: boolean }
type Rights = { roles: readonly string[]; groups: readonly string[] }

export type SignedIn = {
  id: string
  username: string
  registered: boolean
  organizationId: string
  before: Rights
  after: Rights
  createdGroups: readonly { id: string; name: string }[]
}

/** Throws refusals that say why somebody may not sign in; a unique violation means that another sign-in was faster. */
export async function signIn(tx: Tx, { issuer, subject, claims }: Finished, provider: OidcProvider): Promise<SignedIn> {
  const linkedId = `${issuer}|${subject}`
  // Before other locks of users, as everywhere: two who take the role from each other wait and see.
  const owners = managesOwners(provider) ? await lockOwners(tx) : []
  const email = emailClaim(claims, provider)
  requireDomain(email, provider)
  const organization = await findOrganization(tx, { id: null, name: null })
  if (!organization) {
    throw new Refusal('precondition', 'Nobody has set up this server yet.', {
      detail: 'Make its first user, an administrator, before others sign in.',
    })
  }
  const account =
    (await findByLink(tx, linkedId)) ??
    (await findByEmail(tx, email)) ??
    (await register(tx, { email, claims, provider, organizationId: organization.id }))
  const stored = storedClaims(claims)
  if (!(await saveUserLink(tx, { userId: account.id, linkedId, claims: stored }))) throw refuseSecondIdentity()
  const roles = await syncRoles(tx, { account, claims, provider, owners })
  const wanted = wantedGroups(claims.merged_claims, provider)
  const groups = await syncGroups(tx, { userId: account.id, organizationId: organization.id, wanted })
  return {
    id: account.id,
    username: account.username,
    registered: account.registered,
    organizationId: organization.id,
    before: { roles: account.roles, groups: groups.before },
    after: { roles, groups: groups.after },
    createdGroups: groups.created,
  }
}

/** At every sign-in: a domain that is struck from the list ends there. */
function requireDomain(email: Email | undefined, { email_domains: domains, name }: OidcProvider): void {
  if (domains === undefined) return
  const domain = email?.verified === true ? email.address.split('@')[1] : undefined
  if (domain !== undefined && domains.includes(domain)) return
  throw new Refusal('forbidden', `People sign in here with ${name} only from certain e-mail domains.`, {
    detail: 'Your provider must send a verified address of one of them.',
  })
}

async function findByLink(tx: Tx, linkedId: string): Promise<Account | undefined> {
  const found = await findLinkedUser(tx, { linkedId })
  if (!found) return undefined
  if (found.removed) throw new Refusal('unauthenticated', 'Your account was removed. Ask an administrator.')
  requireActive(found.status)
  if (found.loginType !== 'oidc') throw refuseOtherLogin()
  return { ...found, registered: false }
}

/** Only an account that was made for this way of signing in, and that nobody has used yet. */
async function findByEmail(tx: Tx, email: Email | undefined): Promise<Account | undefined> {
  // Who claims an address without proof learns nothing about it.
  if (email?.verified !== true) return undefined
  const found = await findUserByEmail(tx, { email: email.address })
  if (!found) return undefined
  if (found.loginType !== 'oidc') throw refuseOtherLogin()
  requireActive(found.status)
  return { ...found, registered: false }
}

type Newcomer = {
  email: Email | undefined
  claims: LinkClaims
  provider: OidcProvider
  organizationId: string
}

async function register(tx: Tx, { email, claims, provider, organizationId }: Newcomer): Promise<Account> {
  if (!provider.allow_signups) {
    throw new Refusal('forbidden', `Nobody can sign up with ${provider.name} here.`, {
      detail: 'Ask an administrator to make an account with your e-mail address.',
    })
  }
  if (email === undefined || !email.verified) throw refuseUnverified(provider)
  const merged = claims.merged_claims
  const candidates = usernameCandidates(textClaim(merged, provider.username_claim), email.address)
  const usernames = candidates.map((name) => name.toLowerCase())
  const taken = new Set((await listTakenUsernames(tx, { usernames, limit: usernames.length })).map((r) => r.username))
  const username = candidates.find((name) => !taken.has(name.toLowerCase()))
  if (username === undefined) throw new Error('every candidate for a username is taken')
  const name = (textClaim(merged, 'name') ?? '').toWellFormed().replaceAll(/\p{C}/gu, '').slice(0, MAX_NAME)
  const { id } = await insertUser(tx, { username, email: email.address, name, loginType: 'oidc', roles: [] })
  await insertMember(tx, { userId: id, organizationId })
  return { id, username, roles: [], registered: true }
}

function requireActive(status: string): void {
  if (status === 'suspended') {
    throw new Refusal('unauthenticated', 'Your account is suspended. Contact an admin to reactivate your account.')
  }
}

function refuseOtherLogin(): Refusal {
  return new Refusal('forbidden', 'The account with this e-mail address signs in another way.', {
    detail: 'Sign in as before. An administrator can change how an account signs in.',
  })
}

function refuseSecondIdentity(): Refusal {
  return new Refusal('forbidden', 'The account with this e-mail address belongs to another identity.', {
    detail: 'Sign in with the provider that you used first.',
  })
}

function refuseUnverified({ name, email_claim: claim }: OidcProvider): Refusal {
  return new Refusal('forbidden', `${name} does not vouch for an e-mail address of yours.`, {
    detail: `Verify your address there. Administrators: the claims "${claim}" and "email_verified" are needed.`,
  })
}

function storedClaims({ id_token_claims: idToken, user_info_claims: second, merged_claims: merged }: LinkClaims): Json {
  return {
    id_token_claims: keptClaims(idToken),
    user_info_claims: second === null ? null : keptClaims(second),
    merged_claims: keptClaims(merged),
  } as Json // parsed from JSON, or from a JWT
}

function managesOwners({ roles_claim: claim, role_mapping: mapping }: OidcProvider): boolean {
  return claim !== undefined && Object.values(mapping).flat().includes('owner')
}

type RoleSync = { account: Account; claims: LinkClaims; provider: OidcProvider; owners: readonly { id: string }[] }

async function syncRoles(tx: Tx, { account, claims, provider, owners }: RoleSync): Promise<readonly string[]> {
  const { id, roles: current } = account
  let roles = wantedRoles(claims.merged_claims, provider, current)
  if (current.includes('owner') && !roles.includes('owner')) {
    // A wrong mapping must not leave nobody who could put it right.
    if (!owners.some((owner) => owner.id !== id)) roles = [...roles, 'owner']
  }
  const same = roles.length === current.length && roles.every((role) => current.includes(role))
  if (!same) await setUserRoles(tx, { id, roles })
  return same ? current : roles
}

type GroupSync = { userId: string; organizationId: string; wanted: readonly WantedGroup[] | undefined }
type Group = { id: string; name: string }

/** Groups that people fill are never touched, even when a claim has their name. */
async function syncGroups(tx: Tx, { userId, organizationId, wanted }: GroupSync) {
  const none = { before: [], after: [], created: [] as Group[] }
  if (wanted === undefined || !(await isMember(tx, { userId, organizationId })).member) return none
  const names = new Set(wanted.map(({ name }) => name.toLowerCase()))
  const list = async () => await listOidcGroups(tx, { userId, organizationId, names: [...names], limit: MAX_GROUPS })
  const known = await list()
  const knownNames = new Set(known.map(({ name }) => name.toLowerCase()))
  const missing = wanted.filter(({ name, create }) => create && !knownNames.has(name.toLowerCase()))
  const created: Group[] = []
  // In one order, so that two who make the same groups wait for each other in one direction.
  for (const { name } of missing.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const made = await insertOidcGroup(tx, { organizationId, name })
    if (made) created.push(made)
  }
  // Again, because somebody else may have made one meanwhile.
  const groups = missing.length > 0 ? await list() : known
  const before = groups.filter(({ member }) => member)
  const after = groups.filter(({ name }) => names.has(name.toLowerCase()))
  const joined = after.filter(({ id }) => !before.some((group) => group.id === id))
  const left = before.filter(({ id }) => !after.some((group) => group.id === id))
  if (joined.length > 0) await joinOidcGroups(tx, { userId, groupIds: joined.map(({ id }) => id) })
  if (left.length > 0) await leaveOidcGroups(tx, { userId, groupIds: left.map(({ id }) => id) })
  return { before: namesOf(before), after: namesOf(after), created }
}

function namesOf(groups: readonly Group[]): string[] {
  return groups.map(({ name }) => name).toSorted()
}
