import { findManifest } from '../sql/templates.sql.ts'
import type { Db } from '../sql/database.ts'
import { TemplateManifest } from './domain/manifest.ts'

/** Versions whose manifest a process keeps: each may hold some hundred kilobytes of scripts. */
const MAX_KEPT = 100

const kept = new Map<string, TemplateManifest>()

/**
 * An imported manifest never changes, so reading and checking it once is enough. Null before the import has succeeded.
 */
export async function manifestOf(db: Db, versionId: string): Promise<TemplateManifest | null> {
  const known = kept.get(versionId)
  if (known) {
    kept.delete(versionId) // the least recently used is the first
    kept.set(versionId, known)
    return known
  }
  const row = await findManifest(db, { id: versionId })
  if (!row || row.manifest === null) return null
  const manifest = TemplateManifest.parse(row.manifest)
  kept.set(versionId, manifest)
  const [oldest] = kept.keys()
  if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest)
  return manifest
}
