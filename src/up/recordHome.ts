// Where the command line finds the home of a clone whose data had to go elsewhere.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { z } from 'zod'
import { CLONE } from '../home.ts'

const Homes = z.record(z.string(), z.string())

export function recordHome(home: string): void {
  const folder = path.join(os.homedir(), '.config', 'daybreak')
  const file = path.join(folder, 'up-homes.json')
  const homes = { ...readHomes(file), [CLONE]: home }
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
  const staging = `${file}.${process.pid}`
  fs.writeFileSync(staging, `${JSON.stringify(homes, null, 2)}\n`, { mode: 0o600 })
  fs.renameSync(staging, file)
}

function readHomes(file: string): Record<string, string> {
  try {
    return Homes.parse(JSON.parse(fs.readFileSync(file, 'utf8')))
  } catch {
    return {} // none yet, or damaged: only convenience is lost
  }
}
