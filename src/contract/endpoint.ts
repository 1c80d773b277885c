import type { z } from 'zod'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

type Shapes = {
  params?: z.ZodObject
  query?: z.ZodObject
  body?: z.ZodType
  reply?: z.ZodType
  /** When it is not the usual one: 201 for a POST with a reply, 200 for other replies, 204 without. */
  status?: number
  /** One sentence for the API's description. */
  summary: string
}

/** One request of the API: what the server checks, what the client types, and what is published, in one value. */
export type Endpoint<S extends Shapes = Shapes> = Omit<S, 'status'> & { method: Method; path: string; status: number }

type Parsed<T> = T extends z.ZodType ? z.output<T> : undefined
export type Input<E> = {
  params: Parsed<E extends { params: infer P } ? P : undefined>
  query: Parsed<E extends { query: infer Q } ? Q : undefined>
  body: Parsed<E extends { body: infer B } ? B : undefined>
}
export type Reply<E> = E extends { reply: infer R extends z.ZodType } ? z.input<R> : undefined
export type Replied<E> = E extends { reply: infer R extends z.ZodType } ? z.output<R> : undefined

/** `path` is below `/api/v2` and names its parameters as Express does. */
export function endpoint<const S extends Shapes>(method: Method, path: string, shapes: S): Endpoint<S> {
  const usual = shapes.reply === undefined ? 204 : method === 'POST' ? 201 : 200
  return { ...shapes, method, path, status: shapes.status ?? usual }
}
