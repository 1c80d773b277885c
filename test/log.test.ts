import { Writable } from 'node:stream'
import test from 'ava'
import { sql } from 'slonik'
import { createLog } from '../src/log.ts'
import { testDatabase } from './support/database.ts'

function capture() {
  const lines: string[] = []
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  return { lines, log: createLog('info', sink) }
}

test('an error of the database is logged without the row and the values it is about', async (t) => {
  const { db } = await testDatabase(t)
  const { lines, log } = capture()
  const error = await t.throwsAsync(
    db.query(sql.unsafe`insert into daybreak.users (username, email, password_hash, status)
      values ('someone', 'someone@example.com', ${'argon-hush-hush'}, 'no such status')`),
  )
  log.error({ err: error }, 'failed')
  t.regex(lines.join(''), /CheckIntegrityConstraintViolationError/)
  t.false(lines.join('').includes('hush'))
  t.false(lines.join('').includes('someone@example.com'))
})

test('secrets are left out of the log by their names', (t) => {
  const { lines, log } = capture()
  log.info({ token: 'hush', request: { password: 'hush', cookie: 'hush' } }, 'a request')
  t.false(lines.join('').includes('hush'))
  t.regex(lines.join(''), /\[redacted\]/)
})

test('no name under which a secret travels is written with it, nor the data of an error under another name', (t) => {
  const lines: string[] = []
  const log = createLog('info', { write: (line: string) => void lines.push(line) })
  const held = { access_token: 'S3CRET', client_secret: 'S3CRET', old_password: 'S3CRET', password_hash: 'S3CRET' }
  const headers = { 'coder-session-token': 'S3CRET', 'set-cookie': 'S3CRET', cookie: 'S3CRET', authorization: 'S3CRET' }
  log.info({ ...held, hashedSecret: 'S3CRET' }, 'a')
  log.info({ body: held, headers }, 'b')
  log.warn({ error: Object.assign(new Error('x'), { detail: 'S3CRET', values: ['S3CRET'] }) }, 'c')
  t.is(lines.length, 3)
  t.false(lines.join('').includes('S3CRET'), lines.join(''))
})
