import { join } from 'node:path'
import { fastifySSE } from '@fastify/sse'
import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { configureRoutes, unnoticed } from '#lib/server/route-config.ts'
import { sameSiteOnly } from '#lib/server/same-site.ts'
import { Type } from '#lib/validation/schema.ts'
import { maxFileBytes } from '../attachments/file-rules.ts'
import { streamBodies, takeBody } from '../attachments/streamed-body.ts'
import { PlatformError } from '../protocol/platform-errors.ts'
import { uuid } from '../protocol/uuid.ts'
import type { ConversationEvents } from '../sessions/conversation-events.ts'
import { DeskActions, type DeskParts } from './desk-actions.ts'
import { sendEvents } from './desk-events.ts'

const params = Type.Object({ conversationId: Type.String({ pattern: uuid }) })
const paging = Type.Object({
  pageNumber: Type.Integer({ minimum: 1, maximum: 1_000_000, default: 1 }),
  pageSize: Type.Integer({ minimum: 1, maximum: 100, default: 25 })
})
const name = Type.String({ maxLength: 60, pattern: '\\S' })
const text = Type.String({ maxLength: 4096, pattern: '\\S' })
const quickReply = Type.Object({
  text: Type.String({ maxLength: 80, pattern: '\\S' }),
  payload: Type.Optional(Type.String({ minLength: 1, maxLength: 200 }))
})
const list = Type.Object({
  options: Type.Array(Type.String({ maxLength: 80, pattern: '\\S' }), { minItems: 1, maxItems: 20 }),
  multipleSelection: Type.Boolean({ default: false })
})

/**
 * @param picturesOrigin origin of the pictures on the agent's cards
 * @param consoleOrigin origin of the lab's console, whose stage has the desk in a frame: no cookie and no sign-in is in it
 */
const contentSecurityPolicyFor = (picturesOrigin: string, consoleOrigin: string) => [
  "default-src 'self'", `img-src 'self' ${picturesOrigin}`, `frame-ancestors ${consoleOrigin}`, "form-action 'none'", "base-uri 'none'", "object-src 'none'"
].join('; ')

/**
 * The agent desk: a page where a person plays the agent, and what that page asks. Genesys' own agents have a product of
 * its own for this. There is no sign-in, so it is for the lab alone.
 *
 * @param options.url own origin; whoever asks under another is refused
 * @param options.appUrl URL of the relying party, where the brand's pictures are
 * @param options.consoleUrl URL of the lab's console
 */
export const deskRoutes: FastifyPluginAsyncTypebox<DeskParts & {
  events: ConversationEvents
  url: string
  appUrl: string
  consoleUrl: string
}> = async (app, { url, appUrl, consoleUrl, events, ...parts }) => {
  const contentSecurityPolicy = contentSecurityPolicyFor(new URL(appUrl).origin, new URL(consoleUrl).origin)
  const desk = new DeskActions(parts)
  await app.register(fastifySSE)
  app.addHook('onRequest', sameSiteOnly(url, { pages: ['/desk'], frames: 'any' }))
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers({
      'content-security-policy': contentSecurityPolicy,
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store'
    })
    // It knows no list of origins.
    reply.removeHeader('x-frame-options')
  })

  await app.register(pageRoutes, { url, consoleUrl })

  app.get('/desk/conversations', { schema: { querystring: paging } }, ({ query }) => desk.list(query.pageNumber, query.pageSize))

  app.get('/desk/conversations/:conversationId', { schema: { params, querystring: paging } }, ({ params, query }) =>
    desk.open(params.conversationId, query.pageNumber, query.pageSize))

  app.get('/desk/conversations/:conversationId/messages/:messageId', {
    schema: { params: Type.Object({ ...params.properties, messageId: Type.String({ maxLength: 100 }) }) }
  }, ({ params }) => desk.message(params.conversationId, params.messageId))

  app.get('/desk/conversations/:conversationId/journey', { schema: { params } }, ({ params }) => desk.journey(params.conversationId))

  app.post('/desk/conversations/:conversationId/take', {
    schema: { params, body: Type.Object({ name, takeOver: Type.Boolean({ default: false }) }) }
  }, ({ params, body }) => desk.take(params.conversationId, body.name, body.takeOver))

  app.post('/desk/conversations/:conversationId/release', {
    schema: { params, body: Type.Object({ name }) }
  }, ({ params, body }) => desk.release(params.conversationId, body.name))

  app.post('/desk/conversations/:conversationId/messages', {
    schema: { params, body: Type.Object({ name, text, quickReplies: Type.Optional(Type.Array(quickReply, { maxItems: 10 })) }) }
  }, ({ params, body }) => desk.say(params.conversationId, body.name, body.text, body.quickReplies))

  app.get('/desk/ready-messages', async () => desk.readyMessages())

  app.post('/desk/conversations/:conversationId/ready-messages', {
    schema: { params, body: Type.Object({ name, id: Type.String({ maxLength: 100 }) }) }
  }, ({ params, body }) => desk.sendReady(params.conversationId, body.name, body.id))

  app.post('/desk/conversations/:conversationId/lists', {
    schema: { params, body: Type.Object({ name, text, list }) }
  }, ({ params, body }) => desk.offerList(params.conversationId, body.name, body.text, body.list))

  app.post('/desk/conversations/:conversationId/typing', {
    config: { log: false },
    schema: { params, body: Type.Object({ name, on: Type.Boolean() }) }
  }, async ({ params, body }, reply) => {
    await desk.showTyping(params.conversationId, body.name, body.on)
    return reply.code(204).send()
  })

  app.post('/desk/conversations/:conversationId/disconnect', {
    schema: { params, body: Type.Object({ name }) }
  }, async ({ params, body }, reply) => {
    await desk.disconnect(params.conversationId, body.name)
    return reply.code(204).send()
  })

  await app.register(attachmentRoutes, { desk })

  app.get('/desk/events', { sse: { kind: 'only' } }, (_request, reply) => sendEvents(reply, events, session => desk.summaryOf(session)))

  // Answered here, lest a preflight be answered by whoever answers those of the rest of the service.
  app.options('/desk/*', async () => { throw new PlatformError(404) })
}

/** What leads to the desk: the front door of a service that has no other page, for links from anywhere, and its favicon. */
export const frontDoorRoutes: FastifyPluginAsyncTypebox<{ url: string }> = async (app, { url }) => {
  app.addHook('onRoute', configureRoutes(unnoticed))
  app.get('/', (_request, reply) => reply.redirect(`${url}/desk`))
  app.get('/favicon.ico', (_request, reply) => reply.redirect(`${url}/desk/desk.svg`))
}

const pageRoutes: FastifyPluginAsyncTypebox<{ url: string, consoleUrl: string }> = async (app, { url, consoleUrl }) => {
  app.addHook('onRoute', configureRoutes(unnoticed))
  app.get('/desk', (_request, reply) => reply.sendFile('index.html'))
  app.get('/desk/', (_request, reply) => reply.redirect(`${url}/desk`))
  // The page is a file, and does not know where the console is.
  app.get('/desk/live-view', (_request, reply) => reply.redirect(`${consoleUrl}/live`))
  await app.register(fastifyStatic, {
    root: join(import.meta.dirname, 'public'),
    prefix: '/desk/',
    cacheControl: false,
    index: false,
    allowedPath: path => !path.endsWith('tsconfig.json')
  })
}

const attachmentRoutes: FastifyPluginAsyncTypebox<{ desk: DeskActions }> = async (app, { desk }) => {
  streamBodies(app)

  app.post('/desk/conversations/:conversationId/attachments', {
    bodyLimit: maxFileBytes,
    schema: { params, querystring: Type.Object({ name, fileName: Type.String() }) }
  }, async request => {
    const { params, query, headers } = request
    const [fileType] = (headers['content-type'] ?? 'application/octet-stream').split(';', 1)
    return await takeBody(request, bytes =>
      desk.attach(params.conversationId, query.name, { fileName: query.fileName, fileType: fileType!.trim(), bytes }))
  })
}
