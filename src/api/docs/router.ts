// The description of the API, for programs and for people. Public: it says nothing of what is on this server.
import { Router } from 'express'
import { type Description, describeApi } from '../openapi.ts'
import { renderDescription } from './page.ts'
import { STYLE_SOURCE } from './style.ts'

export const DESCRIPTION_PATH = '/api/openapi.json'
const CONTENT_SECURITY_POLICY = `default-src 'none'; style-src ${STYLE_SOURCE}; base-uri 'none'; frame-ancestors 'none'`

type Made = { description: Description; page: string }

function make(): Made {
  const description = describeApi()
  return { description, page: renderDescription(description) }
}

export function docs(): Router {
  const router = Router()
  let made: Made | undefined // at the first request: then all routers are made

  router.get(DESCRIPTION_PATH, (_request, response) => {
    made ??= make()
    response.set('Cache-Control', 'no-cache').json(made.description) // Express adds the ETag and answers 304
  })
  router.get('/api/docs', (_request, response) => {
    made ??= make()
    response.set({ 'Cache-Control': 'no-cache', 'Content-Security-Policy': CONTENT_SECURITY_POLICY })
    response.type('html').send(made.page)
  })
  return router
}
