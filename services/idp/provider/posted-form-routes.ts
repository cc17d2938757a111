import { randomUUID } from 'node:crypto'
import { stringify, type ParsedUrlQueryInput } from 'node:querystring'
import createError from '@fastify/error'
import type { FastifyPluginAsync } from 'fastify'
import type { Store } from '#lib/store/store.ts'

// That of the bodies that oidc-provider reads itself.
const bodyLimit = 56 * 1024
// What every server and proxy on the way takes.
const longestQuery = 4_000
const secondsToFollow = 5 * 60

// Whoever asks may have one kept.
const mostForms = 1_000
const all = 'all'

const TooManyForms = createError('TOO_MANY_FORMS', 'too many forms of this length were sent in the last minutes', 429)

const formsIn = (store: Store) => store.collection<string>('posted')

/**
 * Post/redirect/get, for what browsers ask by GET or by POST and only a GET brings to where a person is signed in: from a
 * POST of another site a browser withholds a Lax cookie. What is too long for a URL is kept meanwhile.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
 * @see https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout
 */
export const postedFormRoutes: FastifyPluginAsync = async app => {
  for (const endpoint of ['/auth', '/session/end']) {
    app.post<{ Body: ParsedUrlQueryInput }>(endpoint, { bodyLimit }, async ({ body, realm }, reply) => {
      reply.header('cache-control', 'no-store')
      const query = stringify(body)
      if (query.length <= longestQuery) return reply.redirect(`${realm.mountPath}${endpoint}?${query}`, 303)
      const posted = randomUUID()
      const forms = formsIn(realm.store)
      if (await forms.countTagged(all) >= mostForms) throw new TooManyForms()
      await forms.set(posted, query, { ttl: secondsToFollow, tags: [all] })
      return reply.redirect(`${realm.mountPath}${endpoint}?posted=${posted}`, 303)
    })
  }
}

/** The URL that a request is for: where it says of a form that it was posted, with what that says. */
export async function withPosted (url: string, store: Store): Promise<string> {
  const [, path, posted] = /^([^?]*)\?posted=([0-9a-f-]{36})$/.exec(url) ?? []
  const query = posted === undefined ? undefined : await formsIn(store).get(posted)
  return query === undefined ? url : `${path}?${query}`
}
