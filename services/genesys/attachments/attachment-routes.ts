import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import fastifyStatic from '@fastify/static'
import { create as contentDisposition } from 'content-disposition'
import { Type } from '#lib/validation/schema.ts'
import { PlatformError } from '../protocol/platform-errors.ts'
import type { AttachmentStore } from './attachment-store.ts'
import { isShownInline, maxFileBytes } from './file-rules.ts'
import { streamBodies, takeBody } from './streamed-body.ts'

// A browser shows pictures, sounds and films in a page of its own making, which needs this much.
const contentSecurityPolicy = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox"

const querystring = Type.Object({ token: Type.Optional(Type.String()) })
const params = Type.Object({ attachmentId: Type.String() })

/** The presigned URLs of attachments, which stand in for those of the object store that Genesys keeps them in. */
export const attachmentRoutes: FastifyPluginAsyncTypebox<{ attachments: AttachmentStore }> = async (app, { attachments }) => {
  await app.register(fastifyStatic, { root: attachments.folder, serve: false })

  async function check (use: 'upload' | 'download', id: string, token: string | undefined) {
    if (token === undefined) throw new PlatformError(401)
    if (await attachments.allows(use, id, token)) return
    throw new PlatformError(403, { reason: 'the URL has expired, is for another use, or its holder has signed out' })
  }

  streamBodies(app)

  app.put('/attachments/:attachmentId', {
    schema: { params, querystring },
    bodyLimit: maxFileBytes
  }, async (request, reply) => {
    const { attachmentId } = request.params
    await check('upload', attachmentId, request.query.token)
    if (request.body === undefined) throw new PlatformError(400, { reason: 'the upload has no body' })
    await takeBody(request, bytes =>
      attachments.receive(attachmentId, { contentType: request.headers['content-type'], bytes }))
    return await reply.code(200).send()
  })

  app.get('/attachments/:attachmentId', { schema: { params, querystring }, config: { log: false } }, async (request, reply) => {
    const { attachmentId } = request.params
    await check('download', attachmentId, request.query.token)
    const attachment = await attachments.find(attachmentId)
    if (!attachment) throw new PlatformError(404)
    const { fileName, fileType, file } = attachment
    reply
      .type(fileType)
      .header('content-disposition', contentDisposition(fileName, { type: isShownInline(fileType) ? 'inline' : 'attachment' }))
      .header('content-security-policy', contentSecurityPolicy)
      .header('cache-control', 'private')
    return await reply.sendFile(file, { cacheControl: false, contentType: false })
  })
}
