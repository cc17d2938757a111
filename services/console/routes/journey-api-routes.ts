import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import createError from '@fastify/error'
import { create as contentDisposition } from 'content-disposition'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { checkStrictly } from '#lib/control-api/strict-requests.ts'
import { unnoticed } from '#lib/server/route-config.ts'
import { Type } from '#lib/validation/schema.ts'
import type { Examiner } from '../examiner/examiner.ts'
import { harOf } from '../exports/har.ts'
import { mermaidOf } from '../exports/mermaid.ts'
import { pictureOf } from '../exports/picture.ts'
import { fileNameOf, type JourneyPresenter, type PresentedJourney } from '../exports/presented-journey.ts'
import { reportOf } from '../exports/report.ts'
import type { Journeys } from '../journeys/journeys.ts'
import type { PresentedMessage } from '../journeys/present.ts'
import { summaryOf } from '../journeys/summary.ts'
import type { Ledgers } from '../ledgers/ledgers.ts'
import { sendChanges } from './journey-stream.ts'

const NoSuchJourney = createError('NO_SUCH_JOURNEY', 'There is no journey %s. It may have made room for newer ones.', 404)

const secrets = Type.Optional(Type.Enum(['show'], { description: '`show` does not shorten secrets' }))
const name = Type.Optional(Type.String({ minLength: 1, maxLength: 300 }))
const realm = Type.Optional(Type.String({ maxLength: 63, description: 'the name of a realm, or nothing for the issuer at the root; all where it is left out' }))

/** What can be taken along, by the ends of file names. */
const formats = {
  html: { type: 'text/html; charset=utf-8', exportOf: reportOf },
  svg: { type: 'image/svg+xml', exportOf: (journey: PresentedJourney) => pictureOf(journey) },
  mmd: { type: 'text/plain; charset=utf-8', exportOf: mermaidOf },
  har: { type: 'application/json; charset=utf-8', exportOf: (journey: PresentedJourney) => JSON.stringify(harOf(journey), null, 2) }
}
type Format = keyof typeof formats

const messagesInLine = 50

async function * linesOf (messages: Iterable<PresentedMessage>): AsyncGenerator<string, void> {
  let line: PresentedMessage[] = []
  for (const message of messages) {
    if (line.push(message) < messagesInLine) continue
    yield `${JSON.stringify(line)}\n`
    line = []
    await setImmediate()
  }
  if (line.length > 0) yield `${JSON.stringify(line)}\n`
}

/** What these routes are about. */
export interface JourneyApiOptions {
  journeys: Journeys
  ledgers: Ledgers
  examiner: Examiner
  presenter: JourneyPresenter
}

/** What was exchanged, as JSON for tests and as a stream for pages. */
export const journeyApiRoutes: FastifyPluginAsyncTypebox<JourneyApiOptions> = async (app, { journeys, ledgers, examiner, presenter }) => {
  const find = (id: string) => {
    const journey = journeys.find(id)
    if (!journey || journey.messages.length === 0) throw new NoSuchJourney(id)
    return journey
  }

  checkStrictly(app)

  app.get('/journeys', {
    config: unnoticed,
    schema: { querystring: Type.Object({ client_id: name, username: name, realm }) }
  }, async ({ query: { client_id: client, username, realm } }) => ({
    journeys: journeys.all.map(summaryOf).filter(summary =>
      (client === undefined || summary.clients.includes(client)) &&
      (username === undefined || summary.who.includes(username)) &&
      (realm === undefined || summary.realm === realm))
  }))

  app.get('/journeys/:id', {
    config: unnoticed,
    schema: { params: Type.Object({ id: Type.String() }), querystring: Type.Object({ secrets }) }
  }, async ({ params: { id }, query }) => presenter.presentJourney(find(id), query.secrets))

  app.get('/journeys/:id/export.:format', {
    config: unnoticed,
    schema: { params: Type.Object({ id: Type.String(), format: Type.Enum(Object.keys(formats) as Format[]) }), querystring: Type.Object({ secrets }) }
  }, async ({ params: { id, format }, query }, reply) => {
    const journey = await presenter.presentJourney(find(id), query.secrets)
    const { type, exportOf } = formats[format]
    return reply.type(type).header('content-disposition', contentDisposition(fileNameOf(journey, format))).send(exportOf(journey))
  })

  // By themselves: a page shows what was exchanged before it is examined, and then examines it again and again. There may be thousands: in
  // parts, a line each, so that the page works on those that it has while others are made, and nobody else waits for all of them.
  app.get('/journeys/:id/messages', {
    config: unnoticed,
    schema: { params: Type.Object({ id: Type.String() }), querystring: Type.Object({ secrets }) }
  }, async ({ params: { id }, query }, reply) =>
    reply.type('application/x-ndjson').send(Readable.from(linesOf(presenter.presentMessages(find(id), query.secrets)))))

  app.get('/journeys/:id/findings', {
    config: unnoticed,
    schema: { params: Type.Object({ id: Type.String() }) }
  }, async ({ params: { id } }) => ({ findings: await examiner.examine(find(id), journeys.all) }))

  app.delete('/journeys', async () => ({ cleared: await ledgers.clear() }))

  app.get('/journeys/events', {
    config: unnoticed,
    sse: { kind: 'only' },
    exposeHeadRoute: false,
    schema: { querystring: Type.Object({ secrets }) }
  }, async ({ query }, reply) => sendChanges(reply, journeys, message => presenter.presentMessage(message, query.secrets)))
}
