import cookie from '@fastify/cookie'
import formbody from '@fastify/formbody'
import view from '@fastify/view'
import createError from '@fastify/error'
import { Eta } from 'eta'
import fp from 'fastify-plugin'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { recorder } from '#lib/ledger/recorder.ts'
import { flattened } from '#lib/ledger/service-ledger.ts'
import { redirectParameters } from '#lib/ledger/redirect-parameters.ts'
import type { Attempt } from './attempt.ts'
import type { Attempts } from './attempts.ts'

declare module 'fastify' {
  interface FastifyRequest { attempt: Attempt }
  interface FastifyContextConfig {
    /** what the live view calls the route; without it, it is not recorded */
    endpoint?: string
    /** who asks for it where it is neither of the sites; a browser where not said */
    from?: string
  }
}

/** What one of the sites of the lessons is. */
export interface SiteOptions {
  attempts: Attempts
  /** origin, without a slash at the end */
  url: string
  /** whom the live view says that requests go to */
  party: string
  /** folder of its pages */
  views: string
  /** the page for what was refused */
  answerError (error: Error, request: FastifyRequest, reply: FastifyReply): unknown
}

const NoSuchAttempt = createError('NO_SUCH_ATTEMPT', 'There is no such attempt, or it was idle for an hour. Begin the lesson anew.', 404)

/**
 * A site of the lessons, on a host of its own: its routes are below `/a/<attempt>`, and what they are asked is in the attempt’s ledger.
 * What an attempt has come to is kept before it is answered.
 */
export const attemptSite = fp<SiteOptions>(async (app, { attempts, url, party, views, answerError }) => {
  const { host } = new URL(url)
  // Routes of all hosts are in one table.
  app.addHook('onRoute', route => { route.constraints = { host, ...route.constraints } })
  app.decorateRequest('attempt', null as unknown as Attempt)
  await app.register(cookie)
  await app.register(formbody)
  await app.register(view, { engine: { eta: new Eta({ views }) }, root: views, defaultContext: { party }, production: true })

  app.addHook('onRequest', async (request, reply) => {
    const { attempt: id } = request.params as { attempt?: string }
    if (id === undefined) return
    const attempt = await attempts.find(id)
    if (!attempt) throw new NoSuchAttempt()
    request.attempt = attempt
    reply.header('cache-control', 'no-store')
  })
  await app.register(recorder, {
    ledgerOf: ({ attempt, routeOptions }) => routeOptions.config.endpoint === undefined ? undefined : attempt?.ledger,
    isSession: name => name === 'session',
    describe ({ request, reply, answer }, status) {
      const location = reply.getHeader('location')
      const asked = request.headers['user-agent']
      return {
        from: asked === 'evil' || asked === 'relying-party' ? asked : request.routeOptions.config.from ?? 'browser',
        to: party,
        endpoint: request.routeOptions.config.endpoint!,
        parameters: flattened({ ...request.query as object, ...(typeof request.body === 'object' ? request.body : {}) }),
        answer: status === 0 ? {} : typeof location === 'string' ? redirectParameters(location) : flattened(answer ?? {})
      }
    }
  })
  app.addHook('onSend', async ({ attempt }) => { if (attempt) await attempts.keep(attempt) })
  app.setErrorHandler<Error>(answerError)
}, { name: 'attempt-site' })
