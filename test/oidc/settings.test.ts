import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'ava'
import { readConfig } from '../../src/config.ts'
import { oidcProviders } from '../../src/oidc/providers.ts'

const acme = {
  id: 'acme',
  name: 'Acme',
  issuer: 'https://id.acme.example',
  client_id: 'daybreak',
  client_secret: 'hunter2',
  allow_signups: true,
  claims_source: 'user_info',
}
const read = (...providers: unknown[]) => readConfig({ DAYBREAK_OIDC: JSON.stringify(providers) }).oidc

test('without settings there is no provider, and with some there are their defaults', (t) => {
  t.deepEqual(readConfig({}).oidc, [])
  t.deepEqual(readConfig({ DAYBREAK_OIDC: ' ' }).oidc, [])
  t.like(read(acme)[0], {
    scopes: ['openid', 'profile', 'email'],
    username_claim: 'preferred_username',
    email_claim: 'email',
    trust_email: false,
  })
  t.deepEqual(read({ ...acme, roles_claim: 'r', role_mapping: { a: 'auditor', b: ['owner'] } })[0]!.role_mapping, {
    a: ['auditor'],
    b: ['owner'],
  })
})

test('what is wrong is named, all of it at once, and never a secret', (t) => {
  const wrong: [unknown[], RegExp][] = [
    [[{ ...acme, id: 'A b' }], /0\.id: use small letters/],
    [[{ ...acme, issuer: 'http://id.acme.example' }], /0\.issuer: expected https/],
    [[{ ...acme, issuer: 'https://id.acme.example/?a=b' }], /0\.issuer/],
    [[{ ...acme, issuer: 'https://id.acme.example/|x' }], /0\.issuer/],
    [[{ ...acme, issuer: 'nothing' }], /0\.issuer/],
    [[{ ...acme, claims_source: 'userinfo' }], /0\.claims_source: .*user_info/],
    [[{ ...acme, allow_signups: 'yes' }], /0\.allow_signups/],
    [[{ ...acme, scopes: ['email'] }], /0\.scopes: must include openid/],
    [[{ ...acme, scopes: ['openid email'] }], /0\.scopes\.0: one scope each/],
    [
      [{ ...acme, roles_claim: 'r', role_mapping: { x: 'god' } }],
      /0\.role_mapping\.x: expected one or a list of owner/,
    ],
    [[{ ...acme, role_mapping: { x: 'owner' } }], /0\.roles_claim: is missing/],
    [[{ ...acme, group_mapping: { x: 'y' } }], /0\.groups_claim: is missing/],
    [
      [{ ...acme, groups_claim: 'g', group_mapping: { x: { create: true } } }],
      /0\.group_mapping\.x: expected the name/,
    ],
    [[{ ...acme, email_domains: ['@acme.example'] }], /0\.email_domains\.0: expected a domain/],
    [[acme, { ...acme, name: 'Other' }], /1\.id: another provider has it already/],
    [[{ ...acme, secret: 'x' }], /Unrecognized key: "secret"/],
    [[{ id: 'x' }], /0\.name.*0\.issuer.*0\.client_id.*0\.client_secret/],
  ]
  for (const [providers, message] of wrong) {
    const error = t.throws(() => read(...providers), { message })
    t.false(error.message.includes('hunter2'))
  }
  t.throws(() => readConfig({ DAYBREAK_OIDC: '[{' }), { message: /DAYBREAK_OIDC: this is no JSON/ })
  t.throws(() => readConfig({ DAYBREAK_OIDC: '{}' }), { message: /DAYBREAK_OIDC: it: .*array/ })
})

test('http is for loopback alone', (t) => {
  for (const host of ['127.0.0.1:8080', '[::1]:8080', 'localhost'])
    t.is(read({ ...acme, issuer: `http://${host}` }).length, 1)
  for (const host of ['127.0.0.1.acme.example', 'localhost.acme.example', '10.0.0.1']) {
    t.throws(() => read({ ...acme, issuer: `http://${host}` }))
  }
})

test('the list can be a file, which keeps secrets out of the environment', (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'daybreak-oidc-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = path.join(folder, 'oidc.json')
  writeFileSync(file, JSON.stringify([acme]))
  t.is(readConfig({ DAYBREAK_OIDC_FILE: file }).oidc[0]!.id, 'acme')
  t.throws(() => readConfig({ DAYBREAK_OIDC_FILE: `${file}x` }), { message: /oidc\.jsonx cannot be read \(ENOENT\)/ })
  t.throws(() => readConfig({ DAYBREAK_OIDC_FILE: file, DAYBREAK_OIDC: '[]' }), { message: /not both/ })
})

test('pages that sign people in are told of every provider', (t) => {
  t.like(oidcProviders({ oidc: [] }), { enabled: false, signInText: '', providers: [] })
  const icon_url = 'https://acme.example/icon.svg'
  const oidc = read({ ...acme, icon_url }, { ...acme, id: 'b', name: 'Beta' })
  t.like(oidcProviders({ oidc }), { enabled: true, signInText: 'Acme', iconUrl: icon_url })
  t.deepEqual(
    oidcProviders({ oidc }).providers.map(({ loginUrl }) => loginUrl),
    ['/api/v2/users/oidc/acme/login', '/api/v2/users/oidc/b/login'],
  )
})
