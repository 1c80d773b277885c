import test from 'ava'
import { sql } from 'slonik'
import { z } from 'zod'
import { insertApiKey, insertSignInLink } from '../../sql/identity.sql.ts'
import { expireTokens } from '../../src/jobs/expireTokens.ts'
import { hashSecret, newApiKey } from '../../src/secrets.ts'
import { ensureAdmin } from '../../src/up/bootstrap.ts'
import { testDatabase } from '../support/database.ts'
import { A_RUN, testContext } from './worker.ts'

test('keys that ended a week ago and links that ended go, others stay', async (t) => {
  const { db } = await testDatabase(t)
  const { id: userId } = await ensureAdmin(db)
  for (const ended of ['8 days', '6 days', '-1 day']) {
    const { id, secret } = newApiKey()
    const key = {
      id,
      hashedSecret: hashSecret(secret),
      userId,
      loginType: 'token',
      tokenName: ended.replace(/\W/g, ''),
    }
    await insertApiKey(db, { ...key, lifetimeSeconds: 60 })
    await db.query(sql.unsafe`update daybreak.api_keys
      set expires_at = now() - ${ended}::interval where id = ${id}`)
    await insertSignInLink(db, { tokenHash: hashSecret(ended), userId, lifetimeSeconds: 60 })
    await db.query(sql.unsafe`update daybreak.sign_in_links
      set expires_at = now() - ${ended}::interval where token_hash = ${sql.binary(hashSecret(ended))}`)
  }
  t.deepEqual(await expireTokens.run({}, testContext(db), A_RUN), { keys: 1, links: 2 })
  t.deepEqual(await expireTokens.run({}, testContext(db), A_RUN), { keys: 0, links: 0 })
  const left = await db.anyFirst(
    sql.type(z.object({ name: z.string() }))`select token_name as name from daybreak.api_keys order by 1`,
  )
  t.deepEqual([...left], ['1day', '6days'])
})
