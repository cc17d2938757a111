import type {} from '@fastify/swagger'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { moveProcessClock } from './clock.ts'
import { answerLabError, labError } from './lab-clock.ts'
import { checkStrictly } from './lab-requests.ts'
import { fetch } from './outbound.ts'
import { sameSiteOnly } from './same-site.ts'
import { Type } from './schema.ts'

const patienceMs = 5_000

/** What every `DELETE /lab` answers. */
export const putBack = Type.Object({
  done: Type.String({ description: 'what was put back here, in words' }),
  services: Type.Optional(Type.Record(Type.String(), Type.String(), {
    description: 'The same of the other services of the lab, by their URL; or `not reachable` or `refused`. Not in a realm.'
  }))
})

/**
 * `DELETE /lab` of a service: as after its first start. For the lab alone.
 *
 * @param options.url own origin; whoever asks under another is refused
 * @param options.done what is put back, in words
 * @param options.putBack does it, but for the clock
 */
export const labReset: FastifyPluginAsyncTypebox<{ url: string, done: string, putBack: () => Promise<void> }> =
  async (app, { url, done, putBack: putEverythingBack }) => {
    app.addHook('onRequest', sameSiteOnly(url))
    app.setErrorHandler(answerLabError)
    checkStrictly(app)

    app.delete('/lab', {
      schema: {
        tags: ['lab'],
        summary: 'Put everything back',
        description: 'What this service keeps is as after its first start. Idempotent.',
        response: { 200: putBack, 400: labError, 403: labError }
      }
    }, async (_request, reply) => {
      await moveProcessClock(0)
      await putEverythingBack()
      reply.header('cache-control', 'no-store')
      return { done }
    })
  }

/**
 * Have other services put everything back, all at once; each has five seconds.
 *
 * @param urls their origins
 * @returns what each has put back, in words
 */
export async function putOthersBack (urls: string[]): Promise<Record<string, string>> {
  return Object.fromEntries(await Promise.all(urls.map(async url => [url, await putOtherBack(url)] as const)))
}

async function putOtherBack (url: string): Promise<string> {
  try {
    const response = await fetch(`${url}/lab`, { method: 'DELETE', redirect: 'manual', signal: AbortSignal.timeout(patienceMs) })
    const text = await response.text()
    return response.ok ? (JSON.parse(text) as { done: string }).done : 'refused'
  } catch {
    return 'not reachable'
  }
}
