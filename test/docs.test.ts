// What is written must be so: every endpoint once, and no link into nothing.
import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { ENDPOINTS } from '../src/contract/all.ts'
import { UNROUTED } from '../src/contract/unrouted.ts'

const PROJECT = path.resolve(import.meta.dirname, '..')
const documents = globSync('{*.md,docs/**/*.md,migrations/*.md,examples/**/*.md}', { cwd: PROJECT })
const textOf = (file: string): string => readFileSync(path.join(PROJECT, file), 'utf8')

/** Without the names of parameters, which the document shortens. */
const shapeOf = (endpoint: string): string => endpoint.replace(/\?.*$/, '').replace(/(?<=\/)(:\w+|\{\w+\})/g, '{}')

test('docs/api.md lists every endpoint of the contract once, and no other', (t) => {
  const listed = textOf('docs/api.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => [...(line.split(' | ')[0] ?? '').matchAll(/`([A-Z]+ \/[^`]*)`/g)])
    .map(([, endpoint = '']) => shapeOf(endpoint))
  const all = [...ENDPOINTS, ...UNROUTED].map(({ endpoint: { method, path: place } }) => shapeOf(`${method} ${place}`))
  t.deepEqual(listed.toSorted(), all.toSorted())
})

/** As GitHub makes it of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

test('every link of a document leads to a file, and to a heading in it', (t) => {
  const broken = documents.flatMap((file) => {
    const text = textOf(file).replace(/^```.*?^```/gms, '')
    return [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
      if (/^[a-z]+:/.test(link)) return []
      const [place = '', anchor] = link.split('#')
      const target = place === '' ? file : path.join(path.dirname(file), place)
      if (!existsSync(path.join(PROJECT, target))) return [`${file}: ${link}`]
      if (anchor === undefined) return []
      const headings = [...textOf(target).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading))
      return headings.includes(anchor) ? [] : [`${file}: ${link}`]
    })
  })
  t.true(documents.length > 20)
  t.deepEqual(broken, [])
})

test('every decision has a number of its own', (t) => {
  const numbers = globSync('docs/decisions/*.md', { cwd: PROJECT }).map((file) => path.basename(file).slice(0, 4))
  t.deepEqual(
    numbers.toSorted(),
    numbers.map((_, at) => String(at + 1).padStart(4, '0')),
  )
})
