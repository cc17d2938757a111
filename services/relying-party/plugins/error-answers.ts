import { join } from 'node:path'
import fp from 'fastify-plugin'
import view from '@fastify/view'
import { Eta } from 'eta'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { Brand } from '#lib/brand/brand-setting.ts'
import type { ShownBrand } from '#lib/brand/shown-brand.ts'
import { StateError } from '#lib/store/state-error.ts'
import { Refusal } from '../refusal.ts'
import { problemTextOf } from './problem-texts.ts'

const views = join(import.meta.dirname, '..', 'views')
const eta = new Eta({ views })

/** Turns everything that goes wrong into an answer: a page with a way on for browsers, JSON for scripts. */
export const errorAnswers = fp<{ basePath: string, brand: ShownBrand }>(async (app, { basePath, brand }) => {
  const look = brand.derive(lookOf)
  await app.register(view, { engine: { eta }, root: views, production: true, defaultContext: { get brand () { return look() } } })

  app.setNotFoundHandler((request, reply) => answer(basePath, request, reply.code(404), { error: 'not_found' }))

  app.setErrorHandler<FastifyError>((error, request, reply) => {
    if (error instanceof Refusal) {
      request.log.info(`refused: ${error.message}`)
      if (error.statusCode === 503) reply.header('retry-after', '2')
      return answer(basePath, request, reply.code(error.statusCode), error)
    }
    if (error instanceof StateError) {
      request.log.error(error.message)
      return answer(basePath, request, reply.code(error.statusCode).header('retry-after', '2'), { error: 'cannot_keep' })
    }
    const status = error.statusCode ?? 500
    if (status >= 500) {
      request.log.error({ err: error }, 'a request failed')
      return answer(basePath, request, reply.code(status), { error: 'internal_error' })
    }
    request.log.info(`refused: ${error.code}, ${error.message}`)
    const code = error.code?.startsWith('FST_CSRF') ? 'csrf' : status === 429 ? 'rate_limited' : 'malformed'
    return answer(basePath, request, reply.code(status), { error: code, description: error.message })
  })
}, { name: 'error-answers' })

/** The same for an address that cannot be read: no hook gets to see it, so no header of the others is there. */
export const answerMalformedUrl = (base: string, brand: ShownBrand) => (error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void => {
  const page = { base, brand: lookOf(brand.now), ...problemTextOf('malformed'), error: 'malformed', description: error.message, providerSays: undefined, retry: '/', isOver: false }
  reply.raw.statusCode = 400
  reply.headers({
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'self'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff'
  })
  reply.type('text/html; charset=utf-8').send(eta.render('problem', page))
}

/** What the head of every page says of the brand. */
const lookOf = ({ name, logo, colours }: Brand) => ({ name, logo, scheme: colours.dark ? 'light dark' : 'light' })

type Problem = Pick<Refusal, 'error'> & Partial<Pick<Refusal, 'description' | 'providerSays' | 'retry'>>

function answer (base: string, request: FastifyRequest, reply: FastifyReply, { error, description, providerSays, retry = '/' }: Problem) {
  reply.header('cache-control', 'no-store')
  if (!request.headers.accept?.includes('text/html')) {
    return reply.send({ error, ...(description && { error_description: description }) })
  }
  const isOver = /^state_/.test(error) && request.signedIn !== undefined
  const { title, meaning } = problemTextOf(isOver ? 'state_unknown_and_signed_in' : error)
  return reply.viewAsync('problem', { base, title, meaning, error, description, providerSays, retry, isOver })
}
