// Writes `docs/daybreak.schema.json`, by which editors complete and check a daybreak.yaml: `npm run schema`; with
// `--check` it only says whether the file is stale.
import { readFileSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { TemplateManifest } from '../src/domain/manifest.ts'

const TARGET = new URL('../docs/daybreak.schema.json', import.meta.url)

/** A name, not an address: the file travels with the repository. */
const ID = 'urn:daybreak:schema:daybreak.yaml'

const wanted = render()
if (!process.argv.includes('--check')) {
  writeFileSync(TARGET, wanted)
  console.log('wrote docs/daybreak.schema.json')
} else if (read() !== wanted) {
  console.error('docs/daybreak.schema.json is stale: run `npm run schema` and commit the result.')
  process.exitCode = 1
}

function render(): string {
  const { $schema, ...rest } = z.toJSONSchema(TemplateManifest, { io: 'input' })
  return `${JSON.stringify({ $schema, $id: ID, title: 'A Daybreak template (daybreak.yaml)', ...rest }, null, 2)}\n`
}

function read(): string | undefined {
  try {
    return readFileSync(TARGET, 'utf8')
  } catch {
    return undefined
  }
}
