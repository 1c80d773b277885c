import type { Argon2Parameters } from 'node:crypto'
import test from 'ava'
import { Refusal } from '../src/domain/errors.ts'
import { createPasswords, passwordProblem, passwords } from '../src/password.ts'
import { until } from './support/until.ts'

const PASSWORD = 'correct horse battery'

function counted() {
  const calls: Argon2Parameters[] = []
  return {
    calls,
    passwords: createPasswords(async (parameters) => {
      calls.push(parameters)
      return Buffer.alloc(parameters.tagLength, 7)
    }),
  }
}

/** Hashes that end when the test says so. */
function held() {
  const open: (() => void)[] = []
  let most = 0
  let running = 0
  const using = createPasswords(async ({ tagLength }) => {
    most = Math.max(most, ++running)
    await new Promise<void>((resolve) => open.push(resolve))
    running--
    return Buffer.alloc(tagLength)
  })
  return { open, most: () => most, passwords: using }
}

test('a password is known again by its hash, and by no other password', async (t) => {
  const stored = await passwords.hash(PASSWORD)
  t.regex(stored, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  t.deepEqual(await passwords.check(stored, PASSWORD), { matches: true, outdated: false })
  for (const other of ['', 'correct horse batter', 'Correct horse battery', `${PASSWORD} `]) {
    t.false((await passwords.check(stored, other)).matches, other)
  }
  t.not(await passwords.hash(PASSWORD), stored)
})

test('a hash of the reference implementation is read, and found to be of other parameters', async (t) => {
  // https://github.com/P-H-C/phc-winner-argon2/blob/master/src/test.c
  const stored = '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4'
  t.deepEqual(await passwords.check(stored, 'password'), { matches: true, outdated: true })
  t.false((await passwords.check(stored, 'passwore')).matches)
})

test('who is unknown, has no password or a damaged one costs as much as a wrong password', async (t) => {
  const { calls, passwords: using } = counted()
  const stored = await passwords.hash(PASSWORD)
  const damaged = stored.replace('m=19456', 'm=999999999')
  for (const hash of [null, stored, '', 'none', damaged, stored.replace('t=2', 't=9999')]) {
    t.false((await using.check(hash, PASSWORD)).matches, String(hash))
  }
  const costs = calls.map(({ memory, passes, parallelism, tagLength }) => [memory, passes, parallelism, tagLength])
  t.deepEqual(
    costs,
    Array.from({ length: 6 }, () => [19_456, 2, 1, 32]),
  )
})

test('the same word typed on another keyboard is the same password', async (t) => {
  const stored = await passwords.hash('caf\u00e9 au lait fort')
  t.true((await passwords.check(stored, 'cafe\u0301 au lait fort')).matches)
})

test('two are hashed at once, the others wait their turn, and who would wait too long is told so', async (t) => {
  const { open, most, passwords: using } = held()
  const all = Array.from({ length: 34 }, (_, i) => using.check(null, String(i)))
  const refused = await t.throwsAsync(using.check(null, 'one too many'), { instanceOf: Refusal })
  t.like(refused, { code: 'unavailable', retryAfterSeconds: 1 })
  for (let ended = 0; ended < all.length; ended++) {
    await until(
      async () => open.length > ended,
      (isHashing) => isHashing,
    )
    open[ended]!()
  }
  t.is((await Promise.all(all)).length, 34)
  t.is(most(), 2)
})

test('a hash that fails lets the next one in', async (t) => {
  const using = createPasswords(async () => {
    throw new Error('no memory')
  })
  for (let i = 0; i < 5; i++) await t.throwsAsync(using.hash(PASSWORD), { message: 'no memory' })
})

test('a password is long enough, varied and not the name of its owner', (t) => {
  const problem = (password: string) => passwordProblem(password, ['ana-maria-lopez', 'ana-maria@example.com'])
  t.is(problem(PASSWORD), undefined)
  t.is(problem('\u{1F511}abc'.repeat(3)), undefined)
  t.regex(problem('elevenchars')!, /at least 12/)
  t.regex(problem('\u{1F511}'.repeat(11))!, /at least 12/)
  t.regex(problem(`${'ab12'.repeat(32)}x`)!, /at most 128/)
  t.is(problem('ab12'.repeat(32)), undefined)
  t.regex(problem('abababababab')!, /four different/)
  t.regex(problem('Ana-Maria-Lopez')!, /not your name/)
  t.regex(problem('ana-maria-lopezana-maria-lopez')!, /not your name/)
  t.regex(problem('ANA-MARIA@example.com')!, /not your name/)
})
