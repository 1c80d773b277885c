// Reads a template's `daybreak.yaml`. Every problem is reported at once with its line: a push takes somebody's time.
import { posix } from 'node:path'
import type { z } from 'zod'
import { Refusal, type Validation } from '../domain/errors.ts'
import { TemplateManifest } from '../domain/manifest.ts'
import type { Finding, ManifestPath } from '../domain/manifestRules/finding.ts'
import { checkManifest, describePool, questionManifest } from '../domain/manifestRules.ts'
import { readArchive } from './archive.ts'
import { type Mark, readDocument, type YamlDocument } from './daybreakYaml/document.ts'
import { describeUnknownField, nearestField } from './daybreakYaml/knownFields.ts'
import { checkSalvaged } from './daybreakYaml/salvage.ts'
import { describeIssue, isMissing } from './daybreakYaml/words.ts'
import type { DriverIo } from './driver.ts'

const NAMES = ['daybreak.yaml', 'daybreak.yml'] as const
/** Several times what the largest sensible template has; the parser holds the event loop for about a second with it. */
export const MAX_YAML_BYTES = 256 * 1024
/** More than anybody reads before pushing again. */
export const MAX_PROBLEMS = 50

export async function inspectDaybreakYaml(source: Uint8Array, io: DriverIo): Promise<TemplateManifest> {
  const { name, text } = findDescription(await readArchive(source))
  io.signal.throwIfAborted()
  const document = readDocument(text)
  const { marks, manifest } = check(document)
  if (marks.length > 0 || manifest === undefined) throw refuse(marks, { name, document })
  for (const finding of questionManifest(manifest)) {
    const { line, column } = document.place(document.locate(finding.path))
    io.log({ level: 'warn', stage: 'Import', output: `${name}:${line}:${column}: ${describe(finding)}` })
  }
  for (const preset of manifest.presets) {
    const pool = describePool(preset)
    if (pool !== undefined) io.log({ level: 'info', stage: 'Import', output: `Prebuilds of ${pool}` })
  }
  return manifest
}

function findDescription(files: ReadonlyMap<string, Buffer>): { name: string; text: string } {
  const [name, other] = NAMES.filter((candidate) => files.has(candidate))
  const content = name === undefined ? undefined : files.get(name)
  if (name === undefined || content === undefined) {
    const elsewhere = [...files.keys()].find((path) => NAMES.some((candidate) => posix.basename(path) === candidate))
    const detail =
      elsewhere === undefined
        ? 'Put one into the root of the folder that you push.'
        : `There is one in ${posix.dirname(elsewhere)}; push that folder.`
    throw new Refusal('invalid', 'This template has no daybreak.yaml.', { detail })
  }
  if (other !== undefined) {
    const detail = `Remove ${other}.`
    throw new Refusal('invalid', `This template has both ${name} and ${other}.`, { detail })
  }
  if (content.length > MAX_YAML_BYTES) {
    const detail = 'Move long scripts into files of their own.'
    throw new Refusal('invalid', `${name} is larger than ${MAX_YAML_BYTES / 1024} KiB.`, { detail })
  }
  try {
    return { name, text: new TextDecoder('utf-8', { fatal: true }).decode(content) }
  } catch (error) {
    const detail = 'Save it with the encoding UTF-8.'
    throw new Refusal('invalid', `${name} is not UTF-8 text.`, { cause: error, detail })
  }
}

type Checked = { marks: readonly Mark[]; manifest?: TemplateManifest }

function check(document: YamlDocument): Checked {
  const { value, marks } = document
  if (value === undefined) return { marks: marks.length > 0 ? marks : [{ at: 0, message: 'the file is empty' }] }
  const result = TemplateManifest.safeParse(value, { error: describeIssue })
  if (!result.success)
    return {
      marks: [...marks, ...describeShape(result.error.issues, document), ...find(checkSalvaged(value), document)],
    }
  return { marks: [...marks, ...find(checkManifest(result.data), document)], manifest: result.data }
}

function describeShape(issues: readonly z.core.$ZodIssue[], document: YamlDocument): Mark[] {
  const meant = new Set<string>()
  const unknown = issues.flatMap((issue): Mark[] => {
    if (issue.code !== 'unrecognized_keys') return []
    const path = pathOf(issue)
    return issue.keys.map((key) => {
      meant.add(render([...path, nearestField(key, path) ?? key]))
      const message = describe({ path, message: describeUnknownField(key, path) })
      return { at: document.locateKey([...path, key]), message }
    })
  })
  const others = issues.flatMap((issue): Mark[] => {
    const path = pathOf(issue)
    // A misspelt field is not also missing.
    if (issue.code === 'unrecognized_keys' || (isMissing(issue) && meant.has(render(path)))) return []
    if (issue.code !== 'invalid_key')
      return [{ at: document.locate(path), message: describe({ path, message: issue.message }) }]
    const [reason] = issue.issues
    return [{ at: document.locateKey(path), message: describe({ path, message: reason?.message ?? issue.message }) }]
  })
  return [...unknown, ...others]
}

function pathOf({ path }: z.core.$ZodIssue): ManifestPath {
  return path.map((segment) => (typeof segment === 'symbol' ? String(segment) : segment))
}

function find(findings: readonly Finding[], document: YamlDocument): Mark[] {
  return findings.map((finding) => {
    const options = finding.offset === undefined ? {} : { offset: finding.offset }
    return { at: document.locate(finding.path, options), message: describe(finding) }
  })
}

function describe({ path, message }: Pick<Finding, 'path' | 'message'>): string {
  return path.length === 0 ? message : `${render(path)}: ${message}`
}

/** `presets[0].parameters["a.b"]` */
function render(path: ManifestPath): string {
  return path
    .map((segment, index) => {
      if (typeof segment === 'number') return `[${segment}]`
      if (!/^\w{1,64}$/.test(segment)) return `[${JSON.stringify(segment.slice(0, 64))}]`
      return index === 0 ? segment : `.${segment}`
    })
    .join('')
}

function refuse(marks: readonly Mark[], { name, document }: { name: string; document: YamlDocument }): Refusal {
  const sorted = marks.toSorted((a, b) => a.at - b.at)
  const validations: Validation[] = sorted.slice(0, MAX_PROBLEMS).map(({ at, message }) => {
    const { line, column } = document.place(at)
    return { field: `${name}:${line}:${column}`, detail: message }
  })
  if (sorted.length > MAX_PROBLEMS) {
    validations.push({ field: name, detail: `${sorted.length - MAX_PROBLEMS} more problems are not listed` })
  }
  const [first] = sorted
  const { line, column } = document.place(first?.at ?? 0)
  const where = `at line ${line}, column ${column}: ${first?.message ?? ''}`
  const message =
    sorted.length === 1
      ? `${name} has a problem ${where}`
      : `${name} has ${sorted.length} problems; the first is ${where}`
  return new Refusal('invalid', message, { validations })
}
