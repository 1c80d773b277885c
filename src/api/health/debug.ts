import { Router } from 'express'
import { getHealthReport, type HealthReport } from '../../contract/health.ts'
import { requireMay } from '../access.ts'
import { type ApiContext, route } from '../route.ts'
import { readReport } from './report.ts'

/** A page that shows it, open in many browsers, asks the database once. */
const FRESH_MS = 10_000

export function debugHealth(context: ApiContext): Router {
  const router = Router()
  let last: { atMs: number; report: Promise<HealthReport> } | undefined

  route(router, context, getHealthReport, async ({ query }, { actor }) => {
    requireMay(actor, 'read', { type: 'debug_info' })
    const nowMs = Date.now()
    if (!last || query.force === 'true' || nowMs - last.atMs > FRESH_MS) {
      last = { atMs: nowMs, report: readReport(context) }
    }
    return await last.report
  })

  return router
}
