import { Router } from 'express'
import type { ApiContext } from '../api/route.ts'

export function dashboard(_context: ApiContext): Router {
  return Router()
}
