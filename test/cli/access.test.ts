import test, { type ExecutionContext } from 'ava'
import { startServer } from '../support/server.ts'
import { aPerson, aWarmTemplate } from '../api/people.ts'
import { runDaybreak } from './runDaybreak.ts'

async function setup(t: ExecutionContext) {
  const server = await startServer(t, { role: 'api' })
  const as = (token: string) => async (line: string) => {
    const env = { DAYBREAK_URL: server.url, DAYBREAK_TOKEN: token }
    return await runDaybreak(line.split(' '), { env })
  }
  const run = as(server.token)
  const runJson = async (line: string) => {
    const { code, stdout, stderr } = await run(`${line} --json`)
    t.is(code, 0, stderr)
    return JSON.parse(stdout)
  }
  return { server, as, run, runJson }
}

test('an organization and its members, from the first to the last', async (t) => {
  const { server, run, runJson } = await setup(t)
  const ana = await aPerson(server)
  const made = await run('organizations create north --description cold')
  t.is(made.stdout, 'Made organization north; you are its first admin.\n', made.stderr)
  t.regex((await run('organizations list')).stdout, /^north +0?\d*s ago +cold$/m)
  t.regex((await run('organizations show north')).stdout, /^Description +cold$/m)
  t.like(await runJson('organizations show'), { name: 'default', is_default: true })
  const add = await run(`organizations members add ${ana.username} --organization north`)
  t.is(add.stdout, `Added ${ana.username}.\n`, add.stderr)
  const roles = await run(`organizations members roles ${ana.username} organization-auditor --organization north`)
  t.is(roles.stdout, `${ana.username} has organization-auditor now.\n`, roles.stderr)
  t.regex((await run('organizations members --organization north')).stdout, /^admin .* organization-admin +\d+s ago$/m)
  t.is((await runJson('organizations members --organization north')).length, 2)
  t.is((await runJson('organizations members')).length, 2)
  t.is((await run(`organizations members roles ${ana.username} --organization north`)).code, 2)
  const none = await run(`organizations members roles ${ana.username} --none --organization north`)
  t.is(none.stdout, `${ana.username} has no roles now.\n`)
  t.regex((await run('organizations members roles')).stdout, /^organization-admin +Organization Admin +yes$/m)
  t.is((await run(`organizations members remove ${ana.username} --organization north`)).code, 0)
  t.is((await run(`organizations members remove ${ana.username} --organization north`)).code, 1)
  t.is((await run('organizations delete north')).code, 2)
  t.is((await run('organizations delete north --yes')).stdout, 'Deleted organization north.\n')
  t.regex((await run('organizations show north')).stderr, /^daybreak: There is no organization "north"\./)
})

test('a group, from the first to the last', async (t) => {
  const { server, run, runJson } = await setup(t)
  const [ana, bo] = [await aPerson(server), await aPerson(server)]
  t.is((await run('groups create builders --quota 20')).stdout, 'Made group builders.\n')
  t.is((await run('groups create others --quota many')).code, 2)
  const added = await run(`groups add builders ${ana.username} ${bo.id}`)
  t.is(added.stdout, `Added ${ana.username}, ${bo.id}; builders has 2 members now.\n`, added.stderr)
  t.is((await run(`groups remove builders ${bo.username}`)).code, 0)
  t.regex((await run('groups list')).stdout, /^builders +1 +20$/m)
  t.regex((await run('groups show builders')).stdout, new RegExp(`^Members +${ana.username}$`, 'm'))
  t.is((await runJson('groups show everyone')).total_member_count, 3)
  t.regex((await run('groups add builders nobody')).stderr, /There is no user "nobody" whom you may see/)
  t.is((await run('groups delete builders --yes')).stdout, 'Deleted group builders.\n')
  t.regex((await run('groups show builders')).stderr, /^daybreak: There is no group "builders"/)
})

test('the access list of a template is shown and changed by names', async (t) => {
  const { server, as, run, runJson } = await setup(t)
  const { templateId } = await aWarmTemplate(server)
  const ana = await aPerson(server)
  const names = async () => (await runJson('templates list')).map((one: { name: string }) => one.name)
  const [name] = await names()
  t.regex((await run(`templates acl show ${name}`)).stdout, /^everyone +use$/m)
  await run('groups create builders')
  const set = await run(`templates acl set ${name} user:${ana.username}=admin group:builders=use`)
  t.is(set.stdout, `user:${ana.username} may admin ${name}.\ngroup:builders may use ${name}.\n`, set.stderr)
  t.is((await run(`templates acl remove ${name} everyone group:builders`)).code, 0)
  t.regex(
    (await run(`templates acl show ${templateId}`)).stdout,
    new RegExp(`^WHO +ROLE\nuser:${ana.username} +admin\n$`),
  )
  t.is((await as(ana.token)(`templates acl remove ${name} user:${ana.id}`)).code, 0)
  t.is((await run(`templates acl show ${name}`)).stdout, `Nobody is on the list of ${name}: only roles count.\n`)
  t.deepEqual(JSON.parse((await as(ana.token)('templates list --json')).stdout), [])
  t.is((await run(`templates acl set ${name} everyone=use`)).code, 0)
  for (const wrong of ['set x ana=use', 'set x user:ana', 'set x everyone=all', 'remove x ana']) {
    t.is((await run(`templates acl ${wrong}`)).code, 2, wrong)
  }
})

test('commands below commands have help with examples', async (t) => {
  const commands = ['organizations members', 'templates acl'].flatMap((group) =>
    (group === 'templates acl' ? ['show', 'set', 'remove'] : ['add', 'remove', 'roles']).map(
      (name) => `${group} ${name}`,
    ),
  )
  for (const words of commands) {
    const { code, stdout } = await runDaybreak([...words.split(' '), '--help'])
    t.is(code, 0)
    t.regex(stdout, new RegExp(`\nExamples:\n  daybreak ${words}`))
  }
})
