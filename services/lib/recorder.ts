import type { IncomingMessage } from 'node:http'
import fp from 'fastify-plugin'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { runAt, theProcessClock, type Clock } from './clock.ts'
import type { Ledger, Recording, Violation } from './ledger.ts'

/** A request that a service is at work on. What is learnt of it on the way is written down here. */
export interface Exchange {
  readonly id: number
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly ledger: Ledger
  /** names of the faults that were applied */
  readonly faults: string[]
  /** what was let pass in permissive mode */
  readonly violations: Violation[]
  /** fields of the request's body, for whoever reads it without Fastify */
  form?: Record<string, unknown>
  /** what goes back, where that is neither a redirect nor a JSON object */
  answer?: Record<string, unknown>
}

/** What the service itself has to say about an exchange. */
export type Description =
  Pick<Recording, 'from' | 'to' | 'endpoint' | 'parameters' | 'answer' | 'client_id' | 'username' | 'session' | 'correlation'>

const exchangeKey = Symbol('exchange')

// On the request itself: maps of weak references would cost the garbage collector more than the recorder does.
declare module 'node:http' {
  interface IncomingMessage { [exchangeKey]?: Exchange }
}

/** The exchange of a request, unless it is one that is not recorded. */
export const exchangeOf = (request: IncomingMessage): Exchange | undefined => request[exchangeKey]

/** What a service decides about its recording. */
export interface RecorderOptions {
  /** where to; nothing leaves a request out */
  ledgerOf (request: FastifyRequest): Ledger | undefined
  /** the clock that entries are dated by, where it is another than that of the process */
  clockOf? (request: FastifyRequest): Clock | undefined
  /**
   * Called when the exchange has ended.
   *
   * @param status that went back; 0 where the connection broke before there was one
   * @returns nothing for what is not to be recorded after all
   */
  describe (exchange: Exchange, status: number): Description | undefined
}

const record: FastifyPluginAsync<RecorderOptions> = async (app, options) => {
  app.addHook('onRequest', (request, reply, done) => {
    const ledger = request.routeOptions.config.quiet ? undefined : options.ledgerOf(request)
    if (ledger) observe({ id: ledger.begin(), request, reply, ledger, faults: [], violations: [] }, options)
    done()
  })

  app.addHook('preSerialization', (request, _reply, payload, done) => {
    const exchange = exchangeOf(request.raw)
    if (exchange && typeof payload === 'object') exchange.answer ??= payload as Record<string, unknown>
    done(null, payload)
  })
}

/** Fastify plugin that records what comes in. Nearly all work is done after the answer has gone out. */
export const recorder = fp(record, { name: 'recorder' })

function observe (exchange: Exchange, { describe, clockOf }: RecorderOptions): void {
  const { id, request, reply: { raw: response }, ledger, faults, violations } = exchange
  const time = runAt(clockOf?.(request) ?? theProcessClock, () => new Date()).toISOString()
  const start = performance.now()
  request.raw[exchangeKey] = exchange

  const take = () => {
    const status = response.headersSent ? response.statusCode : 0
    const description = describe(exchange, status)
    if (!description) return
    ledger.record({
      ...description,
      id,
      time,
      method: request.method,
      path: pathOf(request),
      status,
      faults,
      violations,
      durationMs: millisecondsSince(start)
    })
  }

  // There is `close` alone where the connection breaks, and neither is a hook of Fastify's where a route answers by itself.
  let ended = false
  const end = () => {
    if (ended) return
    ended = true
    try {
      take()
    } catch (error) {
      request.log.error({ err: error }, 'an exchange could not be recorded')
    }
  }
  response.once('finish', end)
  response.once('close', end)
}

/** How long it is since `performance.now()` was this, to the microsecond. */
export const millisecondsSince = (start: number): number => Math.round((performance.now() - start) * 1_000) / 1_000

/** The path of a request, without the query. */
export const pathOf = (request: FastifyRequest): string => request.originalUrl.split('?', 1)[0]!
