import type { FastifyPluginAsync } from 'fastify'
import { codeFromReferer } from '../play/stolen-code.ts'

const pixel = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==', 'base64')

/**
 * A picture that the careless site has put on its error page, to have its errors counted by somebody else. Browsers say for which page
 * they ask for it, with its whole query where the page lets them.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9700#section-4.2
 */
export const counterRoutes: FastifyPluginAsync = async app => {
  app.get('/a/:attempt/counter.gif', { config: { endpoint: 'counter' } }, async ({ attempt: { home, state }, headers: { referer = '' } }, reply) => {
    const code = referer.startsWith(`${home}callback`) ? new URL(referer).searchParams.get('code') : null
    if (code !== null) {
      state.kept[codeFromReferer] = code
      // In other lessons it is not by this that he gets hold of a code.
      if (state.kept['planted'] !== undefined) state.log.push(`A browser has fetched my picture, and has said for which page: ${referer}`)
    }
    return reply.type('image/gif').send(pixel)
  })
}
