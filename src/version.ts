import { createRequire } from 'node:module'

/** Of this build, as clients and operators see it. */
export const VERSION: string = (createRequire(import.meta.url)('../package.json') as { version: string }).version
