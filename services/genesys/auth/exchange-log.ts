import { randomUUID } from 'node:crypto'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Collection, Store } from '#lib/store/store.ts'
import { contextIdOf, describeFailure, type Failure } from '../protocol/platform-errors.ts'
import { isUuid } from '../protocol/uuid.ts'

const maxEntries = 100
const entrySeconds = 60 * 60

/** How an exchange or a refresh ended, and why. No code, token, secret or nonce is in it. */
export interface Exchange {
  /** ISO 8601 */
  time: string
  kind: 'exchange' | 'refresh'
  deploymentId?: string | undefined
  outcome: 'accepted' | 'refused'
  status: number
  /** the same as in the error body that the page got, and in the log */
  contextId: string
  /** why, in words that a person can act on */
  reason: string
  /** what to do about it */
  hint?: string | undefined
}

/** The last exchanges and refreshes, for `/lab/exchanges`. */
export class ExchangeLog {
  readonly #exchanges: Collection<Exchange & { id: string }>

  constructor (store: Store) {
    this.#exchanges = store.collection('exchange')
  }

  async record (exchange: Exchange): Promise<void> {
    const id = randomUUID()
    await this.#exchanges.set(id, { ...exchange, id }, { ttl: entrySeconds, tags: ['all'] })
    const old = await this.#exchanges.tagged('all', { newestFirst: true, limit: maxEntries, offset: maxEntries })
    await Promise.all(old.map(({ id }) => this.#exchanges.delete(id)))
  }

  /** Newest first. */
  async recent (): Promise<Exchange[]> {
    const recent = await this.#exchanges.tagged('all', { newestFirst: true, limit: maxEntries })
    return recent.map(({ id, ...exchange }) => exchange)
  }
}

/** What a route knows of an exchange beyond what is in its request and its answer. */
interface Note {
  deploymentId?: string
  /** why it is accepted */
  reason?: string
  hint?: string
}

/**
 * Record how the requests of a plugin's routes end, also those that never reach a handler.
 *
 * @param log where to; nothing is recorded without it
 * @returns where a handler notes what it finds out
 */
export function recordExchanges (app: FastifyInstance, kind: Exchange['kind'], log: ExchangeLog | undefined) {
  const failures = new WeakMap<FastifyRequest, Failure>()
  const notes = new WeakMap<FastifyRequest, Note>()

  if (log) {
    app.addHook('onError', async (request: FastifyRequest, _reply: FastifyReply, error: FastifyError) => {
      failures.set(request, describeFailure(error))
    })
    // Before the page has its answer, so that who reads about it afterwards finds it.
    app.addHook('onSend', async (request: FastifyRequest, reply: FastifyReply) => {
      const note = notes.get(request) ?? {}
      const failure = failures.get(request)
      await log.record({
        time: new Date().toISOString(),
        kind,
        deploymentId: note.deploymentId ?? deploymentIdIn(request.body),
        outcome: failure ? 'refused' : 'accepted',
        status: failure?.status ?? reply.statusCode,
        contextId: contextIdOf(request),
        reason: (failure ? failure.reason ?? failure.message : note.reason) ?? '',
        hint: failure ? failure.hint : note.hint
      }).catch(err => request.log.error({ err }, 'an exchange could not be recorded'))
    })
  }

  return (request: FastifyRequest, note: Note) => { notes.set(request, { ...notes.get(request), ...note }) }
}

/** Only what looks like one: the rest of a body may be anything. */
function deploymentIdIn (body: unknown): string | undefined {
  const { deploymentId } = (body ?? {}) as { deploymentId?: unknown }
  return isUuid(deploymentId) ? deploymentId.toLowerCase() : undefined
}
