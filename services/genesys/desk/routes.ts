import { join } from 'node:path'
import { fastifySSE } from '@fastify/sse'
import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { makeQuiet } from '#lib/http-server.ts'
import { sameSiteOnly } from '#lib/same-site.ts'
import { Type } from '#lib/schema.ts'
import { maxFileBytes } from '../attachments/attachment-rules.ts'
import { uuid } from '../deployments.ts'
import { PlatformError } from '../errors.ts'
import type { Happenings } from '../conversations/happenings.ts'
import { createDesk, type Desk, type DeskParts } from './desk.ts'
import { sendEvents } from './events.ts'

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

const contentSecurityPolicy = [
  "default-src 'self'", "frame-ancestors 'none'", "form-action 'none'", "base-uri 'none'", "object-src 'none'"
].join('; ')

/**
 * The agent desk: a page where a person plays the agent, and what that page asks. Genesys' own agents have a product of
 * its own for this. There is no sign-in, so it is for the lab alone.
 *
 * @param options.url own origin; whoever asks under another is refused
 */
export const desk: FastifyPluginAsyncTypebox<DeskParts & {
  happenings: Happenings
  url: string
}> = async (app, { url, happenings, ...parts }) => {
  const desk = createDesk(parts)
  await app.register(fastifySSE)
  app.addHook('onRequest', sameSiteOnly(url, { page: '/desk' }))
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers({
      'content-security-policy': contentSecurityPolicy,
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store'
    })
  })

  await app.register(page, { url })

  app.get('/desk/conversations', { schema: { querystring: paging } }, ({ query }) => desk.list(query.pageNumber, query.pageSize))

  app.get('/desk/conversations/:conversationId', { schema: { params, querystring: paging } }, ({ params, query }) =>
    desk.open(params.conversationId, query.pageNumber, query.pageSize))

  app.post('/desk/conversations/:conversationId/take', {
    schema: { params, body: Type.Object({ name, takeOver: Type.Boolean({ default: false }) }) }
  }, ({ params, body }) => desk.take(params.conversationId, body.name, body.takeOver))

  app.post('/desk/conversations/:conversationId/release', {
    schema: { params, body: Type.Object({ name }) }
  }, ({ params, body }) => desk.release(params.conversationId, body.name))

  app.post('/desk/conversations/:conversationId/messages', {
    schema: { params, body: Type.Object({ name, text, quickReplies: Type.Optional(Type.Array(quickReply, { maxItems: 10 })) }) }
  }, ({ params, body }) => desk.say(params.conversationId, body.name, body.text, body.quickReplies))

  app.post('/desk/conversations/:conversationId/typing', {
    config: { quiet: true },
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

  await app.register(attachments, { desk })

  app.get('/desk/events', { sse: { kind: 'only' } }, (_request, reply) => sendEvents(reply, happenings, desk.summaryOf))

  // Answered here, lest a preflight be answered by whoever answers those of the rest of the service.
  app.options('/desk/*', async () => { throw new PlatformError(404) })
}

const page: FastifyPluginAsyncTypebox<{ url: string }> = async (app, { url }) => {
  app.addHook('onRoute', makeQuiet)
  app.get('/desk', (_request, reply) => reply.sendFile('index.html'))
  app.get('/desk/', (_request, reply) => reply.redirect(`${url}/desk`))
  await app.register(fastifyStatic, {
    root: join(import.meta.dirname, 'public'),
    prefix: '/desk/',
    cacheControl: false,
    index: false,
    allowedPath: path => !path.endsWith('tsconfig.json')
  })
}

const attachments: FastifyPluginAsyncTypebox<{ desk: Desk }> = async (app, { desk }) => {
  // The file is the body, whatever its type is said to be.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) => body)

  app.post('/desk/conversations/:conversationId/attachments', {
    bodyLimit: maxFileBytes,
    schema: { params, querystring: Type.Object({ name, fileName: Type.String() }) }
  }, async ({ params, query, body, headers }) => {
    const [fileType] = (headers['content-type'] ?? 'application/octet-stream').split(';', 1)
    const bytes = Buffer.isBuffer(body) ? [body] : []
    return await desk.attach(params.conversationId, query.name, { fileName: query.fileName, fileType: fileType!.trim(), bytes })
  })
}
