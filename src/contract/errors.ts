import { z } from 'zod'

export const ErrorBody = z.object({
  message: z.string(),
  detail: z.string().optional(),
  /** A word for programs, where the status alone does not tell. */
  code: z.string().optional(),
  validations: z.array(z.object({ field: z.string(), detail: z.string() })).optional(),
})
export type ErrorBody = z.output<typeof ErrorBody>
