// Refusals that many places share, so that they always read alike.
import { Refusal } from './errors.ts'

/** The answer to what is hidden and to what does not exist: the two must look alike. */
export function notFound(): Refusal {
  return new Refusal('not-found', 'Resource not found or you do not have access to this resource')
}

export function forbidden(detail?: string): Refusal {
  return new Refusal('forbidden', 'Forbidden.', detail === undefined ? {} : { detail })
}
