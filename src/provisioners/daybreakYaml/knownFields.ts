// Which fields a place in the template can have, asked of the same JSON Schema that editors use.
import { z } from 'zod'
import { TemplateManifest } from '../../domain/manifest.ts'
import { type ManifestPath, quote } from '../../domain/manifestRules/finding.ts'
import { nearestWord } from '../../domain/manifestRules/nearestWord.ts'

type Schema = z.core.JSONSchema.BaseSchema

let root: Schema | undefined

export function describeUnknownField(field: string, path: ManifestPath): string {
  const known = listFields(path)
  const similar = nearestField(field, path)
  if (similar !== undefined) return `there is no field ${quote(field)}; did you mean ${quote(similar)}?`
  if (known.length === 0) return `there is no field ${quote(field)}; nothing can be set here`
  return `there is no field ${quote(field)}; use one of ${known.join(', ')}`
}

/** The field that was probably meant. */
export function nearestField(field: string, path: ManifestPath): string | undefined {
  return nearestWord(field, listFields(path))
}

function listFields(path: ManifestPath): string[] {
  root ??= z.toJSONSchema(TemplateManifest, { io: 'input' })
  let schema: unknown = root
  for (const segment of path) {
    if (!isSchema(schema)) return []
    schema = typeof segment === 'number' ? schema.items : (schema.properties?.[segment] ?? schema.additionalProperties)
  }
  return isSchema(schema) ? Object.keys(schema.properties ?? {}) : []
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null
}
