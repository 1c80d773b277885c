import test from 'ava'
import fc from 'fast-check'
import { emailClaim, keptClaims, listClaim, mergeClaims } from '../../src/oidc/claims.ts'
import { wantedGroups, wantedRoles } from '../../src/oidc/mapping.ts'
import { localPath } from '../../src/oidc/pending.ts'
import { usernameCandidates } from '../../src/oidc/usernames.ts'
import { Name } from '../../src/contract/values.ts'

test('user info wins over the id token, the id token over an access token, and alone where it is alone', (t) => {
  const idToken = { sub: 's', a: 'id', b: 'id' }
  const second = { sub: 's', b: 'second', c: 'second' }
  t.deepEqual(mergeClaims({ idToken, second }, 'user_info').merged_claims, {
    sub: 's',
    a: 'id',
    b: 'second',
    c: 'second',
  })
  t.deepEqual(mergeClaims({ idToken, second }, 'access_token').merged_claims, {
    sub: 's',
    a: 'id',
    b: 'id',
    c: 'second',
  })
  t.deepEqual(mergeClaims({ idToken, second: null }, 'none'), {
    id_token_claims: idToken,
    user_info_claims: null,
    merged_claims: idToken,
  })
})

test('claims that are too many, too large or cannot be stored are left out, whole', (t) => {
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`c${i}`, i]))
  t.is(Object.keys(keptClaims(many)).length, 200)
  const large = {
    a: 1,
    large: 'x'.repeat(70_000),
    b: ['\\u0000', '😀'],
    nul: 'a\0b',
    half: ['\ud800'],
    deep: { 'k\0': 1 },
  }
  t.deepEqual(keptClaims(large), { a: 1, b: ['\\u0000', '😀'] })
})

test('lists are texts alone, of a bounded number and length', (t) => {
  t.deepEqual(listClaim({ g: ['a', 1, null, { x: 1 }, '', 'b', 'y'.repeat(501)] }, 'g'), ['a', 'b'])
  t.deepEqual(listClaim({ g: 'a' }, 'g'), ['a'])
  for (const g of [undefined, 1, null, { a: 'b' }]) t.deepEqual(listClaim({ g }, 'g'), [])
  t.is(listClaim({ g: Array.from({ length: 5_000 }, (_, i) => `g${i}`) }, 'g').length, 1_000)
})

test('an address counts as verified only by the word of its own source, or of whoever set up the provider', (t) => {
  const of = (idToken: object, second: object | null, { claim = 'email', trust = false } = {}) =>
    emailClaim(
      mergeClaims({ idToken: { ...idToken }, second: second && { ...second } }, second ? 'user_info' : 'none'),
      {
        email_claim: claim,
        trust_email: trust,
      },
    )
  const email = 'Ana@Example.com'
  const address = 'ana@example.com'
  t.deepEqual(of({ email, email_verified: true }, null), { address, verified: true })
  t.deepEqual(of({ email, email_verified: 'true' }, null), { address, verified: true })
  t.deepEqual(of({ email, email_verified: 'false' }, null), { address, verified: false })
  t.deepEqual(of({ email, email_verified: false }, null, { trust: true }), { address, verified: false })
  t.deepEqual(of({ email }, null), { address, verified: false })
  t.deepEqual(of({ email }, null, { trust: true }), { address, verified: true })
  t.deepEqual(of({ email: 'other@x.de', email_verified: true }, { email }), { address, verified: false })
  t.deepEqual(of({ email, email_verified: true }, { email }), { address, verified: true })
  t.deepEqual(of({ email, email_verified: true }, { email, email_verified: false }), { address, verified: false })
  t.deepEqual(of({ email: 'x@y.z', email_verified: true, upn: email }, null, { claim: 'upn' }), {
    address,
    verified: false,
  })
  t.deepEqual(of({ upn: email }, null, { claim: 'upn', trust: true }), { address, verified: true })
  for (const bad of ['', 'ana', 'a@b@c', 'a b@c', '"a"@b', 5, null, ['a@b']]) {
    t.is(of({ email: bad, email_verified: true }, null), undefined, String(bad))
  }
})

test('names are as close to the claim as the rules allow, whatever the claim is', (t) => {
  t.is(usernameCandidates('ana.maria', 'x@y')[0], 'ana-maria')
  t.is(usernameCandidates('José@acme.example', undefined)[0], 'Jose')
  t.is(usernameCandidates(undefined, 'bob_smith@y')[0], 'bob-smith')
  t.is(usernameCandidates('漢字', undefined)[0], 'user')
  for (const word of ['me', 'New', 'OIDC', 'roles']) t.is(usernameCandidates(word, undefined)[0], `${word}-1`)
  t.deepEqual(usernameCandidates('ana', undefined).slice(0, 3), ['ana', 'ana-2', 'ana-3'])
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), (claimed, email) =>
      usernameCandidates(claimed, email).every((name) => Name.safeParse(name).success),
    ),
  )
})

test('a sign-in ends on this server, wherever it is asked to end', (t) => {
  for (const path of [
    '/',
    '/workspaces?q=a%20b#x',
    '/a/../b',
    '/%2f%2fevil.example',
    '/a?next=//evil.example',
    '/@evil',
  ]) {
    t.truthy(localPath(path), path)
  }
  const elsewhere = [
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    'https://evil.example',
    'evil.example',
    '',
    ' /',
    '/\t/evil',
    '/\n/evil.example',
    '/x/..//evil.example',
    '/.//evil.example',
    '/%2e%2e//evil.example',
    'javascript:alert(1)',
    '/\u0000',
    '/é',
    `/${'x'.repeat(1_000)}`,
    '///evil.example',
    '/a b',
  ]
  for (const path of elsewhere) {
    const end = localPath(path)
    t.true(end === null || new URL(end, 'http://us.example').host === 'us.example', `${path} → ${end}`)
    if (!path.startsWith('/%2e')) t.is(end, null, path)
  }
  fc.assert(
    fc.property(fc.string(), (rest) => {
      const end = localPath(`/${rest}`)
      return end === null || new URL(end, 'http://us.example').origin === 'http://us.example'
    }),
  )
})

test('groups are those of the mapping, else those of the claim, and are made only where the mapping says so', (t) => {
  const group_mapping = {
    admins: 'Platform',
    'dev-*': { group: 'Dev', create: true },
    devs: { group: 'dev', create: false },
  }
  const of = (groups: unknown) => wantedGroups({ groups }, { groups_claim: 'groups', group_mapping })
  t.deepEqual(of(['admins', 'other', 'toString']), [
    { name: 'Platform', create: false },
    { name: 'other', create: false },
    { name: 'toString', create: false },
  ])
  t.deepEqual(of(['devs', 'dev-*']), [{ name: 'Dev', create: true }])
  t.deepEqual(of(undefined), [])
  t.is(wantedGroups({ groups: ['a'] }, { groups_claim: undefined, group_mapping: {} }), undefined)
})

test('roles of the mapping are given and taken, others stay, and owner is no different', (t) => {
  const role_mapping = { ops: ['template-admin', 'auditor'], audit: ['auditor'] }
  const of = (roles: unknown, current: string[]) =>
    wantedRoles({ roles }, { roles_claim: 'roles', role_mapping }, current)
  t.deepEqual(of(['ops'], []), ['auditor', 'template-admin'])
  t.deepEqual(of(['owner', 'constructor', 'template-admin'], []), [])
  t.deepEqual(of(['audit'], ['owner', 'template-admin']), ['auditor', 'owner'])
  t.deepEqual(of(undefined, ['auditor', 'user-admin']), ['user-admin'])
  t.deepEqual(wantedRoles({ roles: ['ops'] }, { roles_claim: undefined, role_mapping }, ['auditor']), ['auditor'])
})
