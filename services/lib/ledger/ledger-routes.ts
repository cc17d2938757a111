import createError from '@fastify/error'
import { fastifySSE } from '@fastify/sse'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { answerJsonError } from '../control-api/json-errors.ts'
import { checkStrictly } from '../control-api/strict-requests.ts'
import { sendLedger } from './ledger-events.ts'
import type { LedgerFilter } from './ledger-filter.ts'
import { entry, filter, page, paging, refusal, since, timedOut } from './ledger-schema.ts'
import type { LedgerEntry } from './ledger-entry.ts'
import type { Ledger } from './ledger.ts'
import { Type } from '../validation/schema.ts'
import { words } from '../validation/words.ts'

const tags = ['Ledger']
const refusals = { 400: refusal, 403: refusal }
const maxListeners = 200
const tooMany = { error: 'temporarily_unavailable', error_description: `${maxListeners} requests wait for the ledger already` }

/**
 * What a service has to be asked about its HTTP exchanges: `/lab/ledger`, to be registered in a lab alone.
 *
 * @param ledgerOf the ledger that a request is about; may throw an error that is answered
 * @param valuesOf the values that HTTP exchanges can have; others are refused, unless an HTTP exchange has them
 */
export function ledgerRoutesOf (
  ledgerOf: (request: FastifyRequest) => Ledger, valuesOf: (request: FastifyRequest) => KnownValues = () => ({})
): FastifyPluginAsyncTypebox {
  return async app => {
    app.setErrorHandler(answerJsonError)
    checkStrictly(app)
    app.addHook('preHandler', async request => {
      await ledgerOf(request).catchUp()
      checkValues(request.query as LedgerFilter, valuesOf(request), ledgerOf(request))
    })
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
        description: 'Answers as soon as at least `count` HTTP exchanges match, at once if they do already. `count` of the answer ' +
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
      // It may be one of something that has been removed meanwhile.
      ledgerOf(request)
      const nearest = ledger.nearest(query)
      return reply.code(408).send({
        error: 'timeout',
        error_description: `${found.count} of ${count} HTTP exchanges matched within ${timeout} s; ${describeNearest(nearest, query)}`,
        ...found,
        nearest
      })
    })

    app.get('/lab/ledger/events', {
      config: { log: false },
      sse: { kind: 'only' },
      // A stream has no end for a HEAD to wait for.
      exposeHeadRoute: false,
      schema: {
        tags,
        summary: 'Follow what is exchanged',
        description: 'Server-sent events: `ready` with the `ledger`, which is another after a restart; `exchange` with an entry as ' +
          'it ends; `forgotten` with how many made room, at this place, before they could be sent; `cleared` when the ledger was. ' +
          '`Last-Event-ID`, or `since`, goes on where a reader has stopped. Without either, it begins with what ends from now on. ' +
          'Of messages on WebSockets no more than 500 a second are sent. A reader that takes nothing is cut off.',
        querystring: Type.Object({ ...filter, since: Type.Optional(since) }),
        headers: Type.Object({ 'last-event-id': Type.Optional(Type.String({ pattern: '^\\d{1,15}$', description: 'the number of an event' })) }),
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
        description: 'Forgets every HTTP exchange that has ended. Can be repeated; numbers go on.',
        response: { 204: Type.Null(), 403: refusal }
      }
    }, async (request, reply) => {
      await ledgerOf(request).clear()
      return reply.code(204).send(null)
    })
  }
}

/** Values of a filter that a service knows beforehand. */
export type KnownValues = Partial<Record<'endpoint' | 'client_id' | 'username' | 'fault' | 'rule' | 'from' | 'to', readonly string[]>>

const UnknownValue = createError('UNKNOWN_VALUE', '%s', 400)

const kinds = {
  endpoint: 'endpoint', client_id: 'client', username: 'user', fault: 'fault', rule: 'rule', from: 'sender', to: 'receiver'
}

/** @throws {UnknownValue} 400, since a test that waits for what cannot come, or counts it, is mistaken */
function checkValues (query: LedgerFilter, values: KnownValues, ledger: Ledger): void {
  const mistakes = (Object.keys(kinds) as (keyof KnownValues)[]).flatMap(name => {
    const [value, known] = [query[name], values[name]]
    if (value === undefined || known === undefined || known.includes(value)) return []
    return ledger.query({ [name]: value, limit: 1 }).count > 0
      ? []
      : [`query.${name}: ${words.noSuch(kinds[name], value, known)}`]
  })
  if (mistakes.length > 0) throw new UnknownValue(mistakes.join('; '))
}

function describeNearest (nearest: ReturnType<Ledger['nearest']>, query: LedgerFilter & { since?: number }): string {
  if (nearest.length === 0) return query.since === undefined ? 'nothing else was exchanged' : 'nothing else was exchanged since'
  return `what came nearest: ${nearest.map(({ entry, differs }) =>
    `${entry.method} ${entry.endpoint} ${entry.status} (${differs.map(name => `${name} ${valueOf(entry, name)}, not ${query[name]}`).join('; ')})`
  ).join(', ')}`
}

function valueOf (entry: LedgerEntry, name: keyof LedgerFilter): string {
  switch (name) {
    case 'state': return String(entry.parameters['state'] ?? 'none')
    case 'fault': return entry.faults.join(' ') || 'none'
    case 'rule': return entry.violations.map(({ rule }) => rule).join(' ') || 'none'
    default: return String(entry[name] ?? 'none')
  }
}
