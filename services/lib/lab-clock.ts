import createError from '@fastify/error'
import type {} from '@fastify/swagger'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { moveProcessClock, realNow, runAt, theProcessClock, useProcessClock, type Clock } from './clock.ts'
import { checkStrictly } from './lab-requests.ts'
import { fetch } from './outbound.ts'
import { sameSiteOnly } from './same-site.ts'
import { Type } from './schema.ts'
import { StateError } from './state-error.ts'
import type { Store } from './store.ts'

/** Ten years of 365.25 days: further away than anything here lasts. */
const furthest = 315_576_000
const patience = 2000

const seconds = (description: string) => Type.Number({ minimum: -furthest, maximum: furthest, description })
const example = (value: object) => ({ additionalProperties: false, examples: [value] })

/** Body of `PUT /lab/clock`. */
export const clockOffset = Type.Object({
  offsetSeconds: seconds('Seconds by which the clock is to be ahead of the time of the system, negative for the past.')
}, example({ offsetSeconds: 3600 }))

/** Body of `POST /lab/clock/advance`. */
export const clockAdvance = Type.Object({
  seconds: seconds('Seconds by which to move the clock on, negative for back.')
}, example({ seconds: 3600 }))

/** What every call answers. */
export const clockState = Type.Object({
  offsetSeconds: Type.Number({ description: 'Seconds by which the clock is ahead of the time of the system.' }),
  now: Type.String({ description: 'What the clock says, by ISO 8601.' })
})

/** What every call under `/lab` answers that was refused. */
export const labError = Type.Object({ error: Type.String(), error_description: Type.String() })

const TooFar = createError(
  'CLOCK_TOO_FAR', `The clock can be moved ${furthest} seconds (ten years) either way, and this would be more.`, 400)

/**
 * What to move a clock by, in the milliseconds of `Clock`.
 *
 * @throws 400 where it is more than ten years
 */
export function offsetMsOf (offsetSeconds: number): number {
  if (!(Math.abs(offsetSeconds) <= furthest)) throw new TooFar()
  return Math.round(offsetSeconds * 1000)
}

/** A clock as `clockState` describes it. */
export const stateOf = ({ offsetMs }: Clock) =>
  ({ offsetSeconds: offsetMs / 1000, now: new Date(realNow() + offsetMs).toISOString() })

/**
 * Go by the lab's clock of this process, from what was set when the service last ran.
 *
 * @param store where the offset is kept
 * @param onMoved called each time it has been moved, to drop what was dated by it
 * @returns ends it; the clock of a process that nobody uses any more is that of the system
 */
export async function keepProcessClock (store: Store, onMoved?: () => void): Promise<() => void> {
  const offsets = store.collection<number>('lab-clock')
  return useProcessClock({
    keptOffsetMs: await offsets.get('process') ?? 0,
    async moved (offsetMs) {
      onMoved?.()
      await offsets.set('process', offsetMs)
    }
  })
}

/** What came of telling another service: `refused` by a service that is no lab, or knows itself by another URL. */
export type Moved = 'moved' | 'not reachable' | 'refused'

/**
 * Move the clocks of other services, all at once; each has two seconds.
 *
 * @param urls their origins
 */
export async function moveOthers (urls: string[], offsetSeconds: number): Promise<Record<string, Moved>> {
  return Object.fromEntries(await Promise.all(urls.map(async url => [url, await moveOther(url, offsetSeconds)] as const)))
}

async function moveOther (url: string, offsetSeconds: number): Promise<Moved> {
  try {
    const response = await fetch(`${url}/lab/clock`, {
      method: 'PUT',
      redirect: 'manual',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ offsetSeconds }),
      signal: AbortSignal.timeout(patience)
    })
    await response.text()
    return response.ok ? 'moved' : 'refused'
  } catch {
    return 'not reachable'
  }
}

/**
 * `onRequest` hook: `Date` by our clock. Browsers reckon the `Expires` of a cookie from it, so that what a service with
 * another clock gives them neither dies at once nor outlives what it stands for.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-6.6.1
 */
export async function dateByOurClock (_request: FastifyRequest, reply: FastifyReply): Promise<void> {
  reply.raw.setHeader('date', new Date().toUTCString())
}

/**
 * Have each request handled by a clock of its own in place of that of the process.
 *
 * @param app whose routes registered from now on are meant
 * @param clockOf which one, as far as an `onRequest` hook can know
 */
export function handleByClock (app: FastifyInstance, clockOf: (request: FastifyRequest) => Clock): void {
  app.addHook('onRequest', (request, _reply, done) => runAt(clockOf(request), done))
}

const errorNames: Record<number, string> = { 403: 'access_denied', 404: 'not_found', 409: 'conflict' }

/** Answers what goes wrong under `/lab` as `labError` says. */
export function answerLabError (error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  if (error instanceof StateError) {
    request.log.error(error.message)
    return reply.code(503).header('cache-control', 'no-store').send({
      error: 'temporarily_unavailable', error_description: `This could not be kept: ${error.message}`
    })
  }
  const status = error.statusCode ?? 500
  if (status >= 500) request.log.error({ err: error }, 'unexpected failure')
  return reply.code(status).header('cache-control', 'no-store').send({
    error: status >= 500 ? 'server_error' : errorNames[status] ?? 'invalid_request',
    error_description: status >= 500 ? 'The service encountered an unexpected condition.' : error.message
  })
}

/**
 * The lab's clock: move the time of this service. For the lab alone.
 *
 * @param options.url own origin; whoever asks under another is refused
 * @param options.store where the offset is kept over a restart
 * @param options.onMoved drops what was dated by the clock
 */
export const labClock = fp<{ url: string, store: Store, onMoved?: () => void }>(async (app, { url, store, onMoved }) => {
  const leave = await keepProcessClock(store, onMoved)
  app.addHook('onClose', async () => leave())
  app.addHook('onRequest', dateByOurClock)
  await app.register(routes, { url })
}, { name: 'lab-clock' })

const routes: FastifyPluginAsyncTypebox<{ url: string }> = async (app, { url }) => {
  app.addHook('onRequest', sameSiteOnly(url))
  app.setErrorHandler(answerLabError)
  checkStrictly(app)
  const tags = ['clock']
  const response = { 200: clockState, 400: labError, 403: labError }

  async function move (offsetMs: number) {
    await moveProcessClock(offsetMs)
    return stateOf(theProcessClock)
  }

  app.addHook('onSend', async (_request, reply) => { reply.header('cache-control', 'no-store') })

  app.get('/lab/clock', {
    schema: { tags, summary: 'What the clock says', description: 'The clock of this service.', response }
  }, async () => stateOf(theProcessClock))

  app.put('/lab/clock', {
    schema: {
      tags,
      summary: 'Set the clock',
      description: 'Moves token lifetimes, sessions and codes of this service at once. Idempotent.',
      body: clockOffset,
      response
    }
  }, ({ body }) => move(offsetMsOf(body.offsetSeconds)))

  app.post('/lab/clock/advance', {
    schema: {
      tags,
      summary: 'Move the clock on',
      description: 'Adds to what was set before. Not idempotent: each call moves it once more.',
      body: clockAdvance,
      response
    }
  }, ({ body }) => move(offsetMsOf(theProcessClock.offsetMs / 1000 + body.seconds)))

  app.delete('/lab/clock', {
    schema: { tags, summary: 'Put the clock back', description: 'To the time of the system. Idempotent.', response }
  }, () => move(0))
}
