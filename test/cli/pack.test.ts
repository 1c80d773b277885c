import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { extract } from 'tar-stream'
import { pack } from '../../src/cli/templates/pack.ts'
import { temporaryFolder } from './runDaybreak.ts'

function template(t: ExecutionContext, files: Record<string, string> = {}): string {
  const folder = temporaryFolder(t)
  for (const [name, content] of Object.entries({ 'daybreak.yaml': 'agents: []\n', ...files })) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    writeFileSync(path.join(folder, name), content)
  }
  return folder
}

async function unpack(bytes: Uint8Array): Promise<Record<string, { mode: number; content: string }>> {
  const found: Record<string, { mode: number; content: string }> = {}
  const reader = extract()
  reader.end(bytes)
  for await (const entry of reader) {
    let content = ''
    for await (const chunk of entry) content += String(chunk)
    found[entry.header.name] = { mode: entry.header.mode ?? 0, content }
  }
  return found
}

test('files arrive with their folders and what may be executed; what is not part of a template stays', async (t) => {
  const folder = template(t, {
    'scripts/start.sh': '#!/bin/sh\n',
    'scripts/ü.txt': 'x',
    '.git/config': 'secret',
    'node_modules/a/b.js': 'large',
    'sub/node_modules/c.js': 'large',
    '.daybreak/cli.json': 'secret',
    '.env.example': 'kept',
  })
  chmodSync(path.join(folder, 'scripts/start.sh'), 0o700)
  const { bytes, files } = await pack(folder)
  t.is(files, 4)
  t.deepEqual(await unpack(bytes), {
    '.env.example': { mode: 0o644, content: 'kept' },
    'daybreak.yaml': { mode: 0o644, content: 'agents: []\n' },
    'scripts/start.sh': { mode: 0o755, content: '#!/bin/sh\n' },
    'scripts/ü.txt': { mode: 0o644, content: 'x' },
  })
})

test('the same files give the same bytes, whenever and in whatever order they were written', async (t) => {
  const first = template(t, { b: '2', a: '1' })
  const second = template(t, { a: '1', b: '2' })
  utimesSync(path.join(second, 'a'), 1, 1)
  t.deepEqual((await pack(first)).bytes, (await pack(second)).bytes)
})

test('names and files of any length arrive whole', async (t) => {
  const name = `${'long-'.repeat(30)}name/${'x'.repeat(120)}.txt`
  const content = 'y'.repeat(300_000)
  const { bytes } = await pack(template(t, { [name]: content }))
  t.is((await unpack(bytes))[name]?.content, content)
})

test('links and other special files are refused by name', async (t) => {
  const folder = template(t, { 'sub/a': '1' })
  symlinkSync('/etc/passwd', path.join(folder, 'sub/link'))
  await t.throwsAsync(pack(folder), { message: 'sub/link is a symbolic link: a template has only files and folders.' })
  const other = template(t)
  execFileSync('mkfifo', [path.join(other, 'pipe')])
  await t.throwsAsync(pack(other), { message: /^pipe is not a regular file/ })
})

test('a link instead of the manifest is no manifest', async (t) => {
  const folder = temporaryFolder(t)
  symlinkSync('/etc/passwd', path.join(folder, 'daybreak.yaml'))
  await t.throwsAsync(pack(folder), { message: /is not a template: it has no file daybreak\.yaml/ })
})

test('a folder that is no template is refused in one sentence', async (t) => {
  const folder = temporaryFolder(t)
  await t.throwsAsync(pack(folder), { message: `${folder} is not a template: it has no file daybreak.yaml.` })
  await t.throwsAsync(pack(path.join(folder, 'absent')), { message: `There is no folder ${folder}/absent.` })
})

test('a folder that is too large is refused at the bound, not after it', async (t) => {
  const folder = template(t, { a: '12345', b: '12345' })
  await t.notThrowsAsync(pack(folder, { maxEntries: 3, maxBytes: 1024 }))
  await t.throwsAsync(pack(folder, { maxEntries: 2, maxBytes: 1024 }), { message: /more than 2 files/ })
  await t.throwsAsync(pack(folder, { maxEntries: 3, maxBytes: 9 }), { message: /MiB, counted up to b/ })
})
