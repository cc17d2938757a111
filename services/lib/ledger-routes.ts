import { fastifySSE } from '@fastify/sse'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { answerLabError } from './lab-clock.ts'
import { sendLedger } from './ledger-events.ts'
import { entry, filter, page, paging, refusal, since, timedOut } from './ledger-schema.ts'
import type { Ledger } from './ledger.ts'
import { Type } from './schema.ts'

const tags = ['Ledger']
const refusals = { 400: refusal, 403: refusal }
const maxListeners = 200
const tooMany = { error: 'temporarily_unavailable', error_description: `${maxListeners} requests wait for the ledger already` }

/**
 * What a service has to be asked about its exchanges: `/lab/ledger`, to be registered in a lab alone.
 *
 * @param ledgerOf the ledger that a request is about
 */
export function ledgerRoutesOf (ledgerOf: (request: FastifyRequest) => Ledger): FastifyPluginAsyncTypebox {
  return async app => {
    app.setErrorHandler(answerLabError)
    if (!app.hasPlugin('@fastify/sse')) await app.register(fastifySSE)

    app.get('/lab/ledger', {
      schema: {
        tags,
        summary: 'What was exchanged with browsers and services',
        description: 'Everything that this service was asked and has answered, and what it sent to others, as far as it is ' +
          'in memory. All filters that are given must match. Page by `since`: give the `last` of the former answer.',
        querystring: Type.Object({ ...filter, ...paging }),
        response: { 200: page, ...refusals }
      }
    }, async request => ledgerOf(request).query(request.query))

    app.get('/lab/ledger/wait', {
      schema: {
        tags,
        summary: 'Wait until something was exchanged',
        description: 'Answers as soon as at least `count` exchanges match, at once if they do already. `count` of the answer ' +
          'says how many it were, so that a test can tell one from two. Without `since`, everything in the ledger counts.',
        querystring: Type.Object({
          ...filter,
          since: Type.Optional(since),
          limit: paging.limit,
          count: Type.Integer({ minimum: 1, maximum: 1_000, default: 1 }),
          timeout: Type.Number({ minimum: 0, maximum: 60, default: 5, description: 'in seconds' })
        }),
        response: { 200: page, ...refusals, 408: timedOut, 503: refusal }
      }
    }, async (request, reply) => {
      const { count, timeout, ...query } = request.query
      const ledger = ledgerOf(request)
      if (ledger.listeners >= maxListeners) return reply.code(503).send(tooMany)

      const gone = new AbortController()
      reply.raw.once('close', () => gone.abort())
      const found = await ledger.waitFor(query, { count, timeoutMs: timeout * 1_000, signal: gone.signal })
      if (found.count >= count) return found
      return reply.code(408).send({
        error: 'timeout', error_description: `${found.count} of ${count} exchanges matched within ${timeout} s`, ...found
      })
    })

    app.get('/lab/ledger/events', {
      sse: { kind: 'only' },
      // A stream has no end for a HEAD to wait for.
      exposeHeadRoute: false,
      schema: {
        tags,
        summary: 'Follow what is exchanged',
        description: 'Server-sent events: `ready`; `exchange` with an entry as it ends; `forgotten` with how many this reader ' +
          'missed since they made room before it asked; `cleared` when the ledger was. `Last-Event-ID`, or `since`, goes on ' +
          'where a reader has stopped. Without either, it begins with what ends from now on. A reader that is too slow is ' +
          'cut off.',
        querystring: Type.Object({ ...filter, since: Type.Optional(since) }),
        headers: Type.Object({ 'last-event-id': Type.Optional(Type.String({ pattern: '^\\d{1,15}$' })) }),
        response: { 200: { content: { 'text/event-stream': { schema: entry } } }, ...refusals, 503: refusal }
      }
    }, async (request, reply) => {
      const { since, ...filter } = request.query
      const ledger = ledgerOf(request)
      if (ledger.listeners >= maxListeners) return reply.code(503).send(tooMany)
      const lastEventId = request.headers['last-event-id']
      await sendLedger(reply, ledger, lastEventId === undefined ? since ?? ledger.last : Number(lastEventId), filter)
    })

    app.delete('/lab/ledger', {
      schema: {
        tags,
        summary: 'Clear the ledger',
        description: 'Forgets every exchange that has ended. Can be repeated; numbers go on.',
        response: { 204: Type.Null(), 403: refusal }
      }
    }, async (request, reply) => {
      ledgerOf(request).clear()
      return reply.code(204).send(null)
    })
  }
}
