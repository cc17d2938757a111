import { finished, Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import fastifyStatic from '@fastify/static'
import { create as contentDisposition } from 'content-disposition'
import { Type } from '#lib/schema.ts'
import type { Attachments } from '../attachments/attachments.ts'
import { isShownInline, maxFileBytes } from '../attachments/attachment-rules.ts'
import { PlatformError } from '../errors.ts'

// A minute for the largest file takes 1.3 Mbit/s; five of them are our choice.
const patience = 5 * 60_000

// A browser shows pictures, sounds and films in a page of its own making, which needs this much.
const contentSecurityPolicy = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox"

const querystring = Type.Object({ token: Type.Optional(Type.String()) })
const params = Type.Object({ attachmentId: Type.String() })

/** The presigned URLs of attachments, which stand in for those of the object store that Genesys keeps them in. */
export const attachmentRoutes: FastifyPluginAsyncTypebox<{ attachments: Attachments }> = async (app, { attachments }) => {
  await app.register(fastifyStatic, { root: attachments.folder, serve: false })

  async function check (use: 'upload' | 'download', id: string, token: string | undefined) {
    if (token === undefined) throw new PlatformError(401)
    if (await attachments.allows(use, id, token)) return
    throw new PlatformError(403, { reason: 'the URL has expired, is for another use, or its holder has signed out' })
  }

  // The body is read as it comes, part by part.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', async (_request: unknown, payload: Readable) => payload)

  app.put('/attachments/:attachmentId', {
    schema: { params, querystring },
    bodyLimit: maxFileBytes
  }, async (request, reply) => {
    const { attachmentId } = request.params
    await check('upload', attachmentId, request.query.token)
    if (!(request.body instanceof Readable)) throw new PlatformError(400, { reason: 'the upload has no body' })
    // A request that was answered before it was complete never says that it has ended, so this must not keep the process.
    const impatience = setTimeout(() => request.raw.destroy(), patience).unref()
    // Also where it has ended by now.
    finished(request.raw, () => clearTimeout(impatience))
    try {
      await attachments.receive(attachmentId, {
        contentType: request.headers['content-type'],
        // A stream that is destroyed takes the connection with it, and the answer.
        bytes: request.body.iterator({ destroyOnReturn: false })
      })
    } catch (error) {
      const broken = request.raw.readableAborted
      if (broken) throw new PlatformError(400, { reason: 'the connection broke during the upload', cause: error })
      // Few clients read an answer before they have sent everything. What is left goes nowhere.
      request.body.resume()
      throw error
    }
    return await reply.code(200).send()
  })

  app.get('/attachments/:attachmentId', { schema: { params, querystring }, config: { quiet: true } }, async (request, reply) => {
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
