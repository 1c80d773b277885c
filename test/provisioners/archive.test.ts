import { gzipSync } from 'node:zlib'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { type Header, pack } from 'tar-stream'
import { Refusal } from '../../src/domain/errors.ts'
import {
  MAX_ARCHIVE_ENTRIES,
  MAX_PATH_LENGTH,
  MAX_UNPACKED_BYTES,
  readArchive,
} from '../../src/provisioners/archive.ts'

type Entry = Partial<Header> & { name: string; content?: string | Buffer }

async function tar(...entries: Entry[]): Promise<Buffer> {
  const archive = pack()
  for (const { content = '', ...header } of entries) archive.entry(header, content)
  archive.finalize()
  return Buffer.concat(await Array.fromAsync(archive as AsyncIterable<Buffer>))
}

async function refused(t: ExecutionContext, bytes: Uint8Array, message: string): Promise<void> {
  const refusal = await t.throwsAsync(readArchive(bytes), { instanceOf: Refusal, message })
  t.is(refusal?.code, 'invalid')
}

test('files are read by their path from the root, and folders are left out', async (t) => {
  const bytes = await tar(
    { name: './', type: 'directory' },
    { name: './daybreak.yaml', content: 'a' },
    { name: 'scripts', type: 'directory' },
    { name: 'scripts//./start.sh', content: 'b' },
    { name: 'empty' },
  )
  const files = await readArchive(bytes)
  t.deepEqual(Object.fromEntries(files), {
    'daybreak.yaml': Buffer.from('a'),
    'scripts/start.sh': Buffer.from('b'),
    empty: Buffer.alloc(0),
  })
})

test('a gzipped archive is the same as a plain one', async (t) => {
  const bytes = await tar({ name: 'a', content: 'x'.repeat(10_000) }, { name: 'b', content: 'y' })
  t.deepEqual(await readArchive(gzipSync(bytes)), await readArchive(bytes))
})

test('an archive without files is empty', async (t) => {
  t.is((await readArchive(await tar())).size, 0)
  t.is((await readArchive(new Uint8Array())).size, 0)
})

test('a long path is read whole', async (t) => {
  const name = `${'folder/'.repeat(30)}daybreak.yaml`
  t.deepEqual([...(await readArchive(await tar({ name }))).keys()], [name])
})

for (const name of ['/etc/passwd', '../outside', 'a/../../outside', 'a/..', 'C:/windows']) {
  test(`the path ${name} is refused`, async (t) => {
    await refused(t, await tar({ name }), `The path "${name}" leads out of the template's archive.`)
  })
}

const KINDS = [
  ['symlink', 'a symbolic link'],
  ['link', 'a hard link'],
  ['character-device', 'a device'],
  ['block-device', 'a device'],
  ['fifo', 'a named pipe'],
  ['contiguous-file', 'of an unknown kind'],
] as const
for (const [type, words] of KINDS) {
  test(`a ${type} is refused`, async (t) => {
    const message = `The entry "x" of the template's archive is ${words}.`
    await refused(t, await tar({ name: 'x', type, linkname: '/etc/passwd' }), message)
  })
}

test('a character that is no part of any path is refused', async (t) => {
  await refused(
    t,
    await tar({ name: 'a\\b' }),
    'The path "a\\\\b" in the template\'s archive has a character that is not allowed.',
  )
  await refused(
    t,
    await tar({ name: 'a\nb' }),
    'The path "a\\nb" in the template\'s archive has a character that is not allowed.',
  )
})

test('one path cannot have two contents', async (t) => {
  const bytes = await tar({ name: 'daybreak.yaml', content: 'a' }, { name: './daybreak.yaml', content: 'b' })
  await refused(t, bytes, 'The entry "./daybreak.yaml" is in the template\'s archive twice.')
})

test('a path longer than the limit is refused', async (t) => {
  const name = 'x'.repeat(MAX_PATH_LENGTH + 1)
  const message = `The path "${name.slice(0, 100)}…" in the template's archive is longer than 255 characters.`
  await refused(t, await tar({ name }), message)
})

test('more entries than the limit are refused', async (t) => {
  const entries = Array.from({ length: MAX_ARCHIVE_ENTRIES }, (_, index) => ({ name: `f${index}` }))
  t.is((await readArchive(await tar(...entries))).size, MAX_ARCHIVE_ENTRIES)
  const message = "The template's archive has more than 1000 entries."
  await refused(t, await tar(...entries, { name: 'more', type: 'directory' }), message)
})

const TOO_LARGE = "The template's files are larger than 16 MiB together."

test('more content than the limit is refused, wherever it is', async (t) => {
  const half = Buffer.alloc(MAX_UNPACKED_BYTES / 2)
  const entries = [
    { name: 'a', content: half },
    { name: 'b', content: half },
  ]
  t.is((await readArchive(await tar(...entries))).size, 2)
  await refused(t, await tar(...entries, { name: 'c', content: '1' }), TOO_LARGE)
})

test('a small file that unpacks to a large one is refused before it is unpacked', async (t) => {
  const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024))
  t.true(bomb.length < 1024 * 1024)
  await refused(t, bomb, TOO_LARGE)
})

test('a header that promises more than there is is refused', async (t) => {
  const bytes = await tar({ name: 'a', content: 'x'.repeat(2000) })
  await refused(t, bytes.subarray(0, 1024), 'The template is not a tar archive, or it is damaged.')
})

test('a directory that claims to have content ends', async (t) => {
  const bytes = await tar({ name: 'folder', content: 'x'.repeat(10) })
  bytes[156] = '5'.charCodeAt(0)
  sign(bytes, 0)
  await refused(t, bytes, 'The template is not a tar archive, or it is damaged.')
})

test('an entry whose size cannot be read ends', async (t) => {
  const bytes = await tar({ name: 'a', content: 'x'.repeat(10) })
  bytes[124] = 0x81
  sign(bytes, 0)
  await refused(t, bytes, 'The template is not a tar archive, or it is damaged.')
})

test('what is no archive says so', async (t) => {
  await refused(t, Buffer.from('agents: []\n'.repeat(100)), 'The template is not a tar archive, or it is damaged.')
  await refused(t, Buffer.from('PK\x03\x04abc'), 'The template is a zip archive.')
  const cut = gzipSync(await tar({ name: 'a', content: 'x'.repeat(5000) })).subarray(0, 40)
  await refused(t, cut, "The template's archive is damaged: it begins like gzip but cannot be unpacked.")
})

test('damage of any kind is refused or harmless, and never hangs', async (t) => {
  const whole = await tar(
    { name: 'daybreak.yaml', content: 'agents: []' },
    { name: `${'deep/'.repeat(40)}x`, content: 'y'.repeat(700) },
    { name: 'folder', type: 'directory' },
  )
  const damage = fc.record({
    bytes: fc.array(fc.tuple(fc.nat({ max: whole.length - 1 }), fc.integer({ min: 0, max: 255 })), { maxLength: 8 }),
    length: fc.integer({ min: 0, max: whole.length }),
    fixChecksums: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(damage, async ({ bytes, length, fixChecksums }) => {
      const copy = Buffer.from(whole)
      for (const [at, byte] of bytes) copy[at] = byte
      if (fixChecksums) for (let at = 0; at + 512 <= copy.length; at += 512) if (isHeader(copy, at)) sign(copy, at)
      try {
        await readArchive(copy.subarray(0, length))
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
      }
    }),
    { numRuns: 1000 },
  )
  t.pass()
})

function isHeader(bytes: Buffer, at: number): boolean {
  return bytes.toString('latin1', at + 257, at + 262) === 'ustar'
}

/** The checksum must hold, or a header is not looked at. */
function sign(bytes: Buffer, at: number): void {
  bytes.write(' '.repeat(8), at + 148)
  const sum = bytes.subarray(at, at + 512).reduce((total, byte) => total + byte, 0)
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148)
}
