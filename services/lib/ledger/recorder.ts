import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import fp from 'fastify-plugin'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { theProcessClock, type Clock } from '../clock/clock.ts'
import { systemTimeMsAt, type Recording, type Violation } from './ledger-entry.ts'
import type { Ledger } from './ledger.ts'
import { linksOf } from './links.ts'
import { answerHeadersOf, pickAnswerHeaders, requestHeadersOf } from './recorded-headers.ts'
import { areLong, lengthOfValues } from './recorded-values.ts'

/** A request that a service is at work on. What is learnt of it on the way is written down here. */
export interface HttpExchange {
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

/** What the service itself has to say about an HTTP exchange. */
export type Description =
  Pick<Recording, 'from' | 'to' | 'endpoint' | 'parameters' | 'answer' | 'client_id' | 'username' | 'session' | 'correlation'>

const httpExchangeKey = Symbol('HTTP exchange')

// On the request itself: maps of weak references would cost the garbage collector more than the recorder does.
declare module 'node:http' {
  interface IncomingMessage { [httpExchangeKey]?: HttpExchange }
}

/** The HTTP exchange of a request, unless it is one that is not recorded. */
export const httpExchangeOf = (request: IncomingMessage): HttpExchange | undefined => request[httpExchangeKey]

/** What a service decides about its recording. */
export interface RecorderOptions {
  /** where to; nothing leaves a request out */
  ledgerOf (request: FastifyRequest): Ledger | undefined
  /** the clock that entries are dated by, where it is another than that of the process */
  clockOf? (request: FastifyRequest): Clock | undefined
  /** whether a cookie of this name is the session of one browser, for as long as it has this value */
  isSession? (cookie: string): boolean
  /**
   * Called when the HTTP exchange has ended.
   *
   * @param status that went back; 0 where the connection broke before there was one
   * @returns nothing for what is not to be recorded after all
   */
  describe (httpExchange: HttpExchange, status: number): Description | undefined
}

const record: FastifyPluginAsync<RecorderOptions> = async (app, options) => {
  app.addHook('onRequest', (request, reply, done) => {
    const ledger = request.routeOptions.config.record === false ? undefined : options.ledgerOf(request)
    if (ledger) observe({ id: ledger.begin(), request, reply, ledger, faults: [], violations: [] }, options)
    done()
  })

  app.addHook('preSerialization', (request, _reply, payload, done) => {
    const httpExchange = httpExchangeOf(request.raw)
    if (httpExchange && typeof payload === 'object') httpExchange.answer ??= payload as Record<string, unknown>
    done(null, payload)
  })
}

/** Fastify plugin that records what comes in. Nearly all work is done after the answer has gone out. */
export const recorder = fp(record, { name: 'recorder' })

function observe (httpExchange: HttpExchange, { describe, clockOf, isSession }: RecorderOptions): void {
  const { id, request, reply, ledger, faults, violations } = httpExchange
  const { raw: response } = reply
  const { offsetMs } = clockOf?.(request) ?? theProcessClock
  const start = performance.now()
  request.raw[httpExchangeKey] = httpExchange

  const take = () => {
    const status = response.headersSent ? response.statusCode : 0
    const description = describe(httpExchange, status)
    if (!description) return
    const at = systemTimeMsAt(start)
    // Not those of the response: Node forgets headers that are written all at once.
    const late = lateParts(request.headers, pickAnswerHeaders(name => reply.getHeader(name)), isSession)
    ledger.record({
      ...description,
      id,
      time: new Date(Math.floor(at) + offsetMs).toISOString(),
      at,
      // A link is that of the whole value.
      ...(areLong(description.parameters) || areLong(description.answer) ? late.read(description) : { late }),
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
      request.log.error({ err: error }, 'an HTTP exchange could not be recorded')
    }
  }
  response.once('finish', end)
  response.once('close', end)
}

// On its own, since functions that are made in one hold together what any of them uses: here it would be the request.
const lateParts = (requestHeaders: IncomingHttpHeaders, answerHeaders: OutgoingHttpHeaders, isSession: RecorderOptions['isSession']) => ({
  length: lengthOfValues(requestHeaders) + lengthOfValues(answerHeaders),
  read: ({ parameters, answer }: { parameters: Record<string, unknown>, answer: Record<string, unknown> }) => ({
    requestHeaders: requestHeadersOf(requestHeaders),
    answerHeaders: answerHeadersOf(answerHeaders),
    links: linksOf({ parameters, answer, requestHeaders, answerHeaders, isSession })
  })
})

/** How long it is since `performance.now()` was this, to the microsecond. */
export const millisecondsSince = (start: number): number => Math.round((performance.now() - start) * 1_000) / 1_000

/** The path of a request, without the query. */
export const pathOf = (request: FastifyRequest): string => request.originalUrl.split('?', 1)[0]!
