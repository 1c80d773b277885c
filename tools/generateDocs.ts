// Writes the documents that are made from code, so that they cannot say anything else: `npm run docs`. With `--check`
// it only says which of them are stale.
import { readFileSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { TemplateManifest } from '../src/domain/manifest.ts'
import { roleTable } from '../src/domain/rbac/roleTable.ts'

/** A name, not an address: the file travels with the repository. */
const SCHEMA_ID = 'urn:daybreak:schema:daybreak.yaml'

const DOCUMENTS: Record<string, () => string> = {
  'docs/daybreak.schema.json': renderSchema,
  'docs/roles.md': renderRoles,
}

for (const [file, render] of Object.entries(DOCUMENTS)) {
  const target = new URL(`../${file}`, import.meta.url)
  const wanted = render()
  if (!process.argv.includes('--check')) {
    writeFileSync(target, wanted)
    console.log(`wrote ${file}`)
  } else if (read(target) !== wanted) {
    console.error(`${file} is stale: run \`npm run docs\` and commit the result.`)
    process.exitCode = 1
  }
}

function renderSchema(): string {
  const { $schema, ...rest } = z.toJSONSchema(TemplateManifest, { io: 'input' })
  const schema = { $schema, $id: SCHEMA_ID, title: 'A Daybreak template (daybreak.yaml)', ...rest }
  return `${JSON.stringify(schema, null, 2)}\n`
}

function renderRoles(): string {
  return `# Roles

Written by \`npm run docs\` from \`src/domain/rbac/roles.ts\`. Everybody has \`member\`, and every member of an
organization has \`organization-member\` there; what no row allows is denied. Templates have access lists beside the
roles (\`daybreak templates acl\`), and a token's scope can only take away.

${roleTable()}`
}

function read(target: URL): string | undefined {
  try {
    return readFileSync(target, 'utf8')
  } catch {
    return undefined
  }
}
