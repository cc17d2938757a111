import type {} from '@fastify/swagger'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import fp from 'fastify-plugin'
import { moveProcessClock, theProcessClock, useProcessClock } from '../clock/clock.ts'
import { dateByOurClock } from '../clock/request-clock.ts'
import { sameSiteOnly } from '../server/same-site.ts'
import type { RevisionFollower } from '../store/revision-follower.ts'
import type { Store } from '../store/store.ts'
import { clockAdvance, clockOffset, clockState, offsetMsOf, stateOf } from './clock-schemas.ts'
import { answerJsonError, jsonError } from './json-errors.ts'
import { checkStrictly } from './strict-requests.ts'

/** What the clock of a process is kept with. */
export interface ProcessClockParts {
  /** where the offset is kept over a restart */
  store: Store
  /** tells that another replica has moved it */
  revisions: RevisionFollower
  /** drops what was dated by the clock */
  onMoved?: () => void
}

/**
 * Go by the lab's clock of this process, from what was set when the service last ran.
 *
 * @param parts.onMoved called each time it has been moved, to drop what was dated by it
 * @returns ends it; the clock of a process that nobody uses any more is that of the system
 */
export async function keepProcessClock ({ store, revisions, onMoved }: ProcessClockParts): Promise<() => void> {
  const offsets = store.collection<number>('lab-clock')
  const kept = async () => await offsets.get('process') ?? 0
  revisions.onRevised(async () => moveProcessClock(await kept(), { isKept: true }))
  return useProcessClock({
    keptOffsetMs: await kept(),
    async moved (offsetMs, isKept) {
      onMoved?.()
      if (!isKept) await offsets.set('process', offsetMs)
    }
  })
}

/**
 * The lab's clock: move the time of this service. For the lab alone.
 *
 * @param options.url own origin; whoever asks under another is refused
 */
export const processClockRoutes = fp<{ url: string } & ProcessClockParts>(async (app, { url, ...parts }) => {
  const leave = await keepProcessClock(parts)
  app.addHook('onClose', async () => leave())
  app.addHook('onRequest', dateByOurClock)
  await app.register(routes, { url })
}, { name: 'process-clock-routes' })

const routes: FastifyPluginAsyncTypebox<{ url: string }> = async (app, { url }) => {
  app.addHook('onRequest', sameSiteOnly(url))
  app.setErrorHandler(answerJsonError)
  checkStrictly(app)
  const tags = ['clock']
  const response = { 200: clockState, 400: jsonError, 403: jsonError }

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
