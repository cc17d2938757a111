import { randomBytes } from 'node:crypto'
import fastifyCookie from '@fastify/cookie'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { errors } from 'oidc-provider'
import { unnoticed } from '#lib/server/route-config.ts'
import { withoutTrailingSlash } from '#lib/settings/settings.ts'
import { Type } from '#lib/validation/schema.ts'
import type { Realm } from '../realm/realm.ts'
import { answers, conflictSchema } from './answers.ts'
import { signedInBrowser, userToSignIn, username } from './session-routes.ts'

interface SignInLink { username: string, target: string }

const lifetimeSeconds = 60

const linksOf = ({ store }: Realm) => store.collection<SignInLink>('sign-in-link')

/** `/lab/sign-in-links`: for people who want to be signed in without a page. */
export const signInLinkRoutes: FastifyPluginAsyncTypebox = async app => {
  app.post('/lab/sign-in-links', {
    schema: {
      tags: ['Sessions'],
      summary: 'A link that signs a browser in',
      description: `Whoever opens it, once and within ${lifetimeSeconds} seconds, is signed in here as this user, in place of whoever was, and goes on to ` +
        'the target, such as where an application begins its sign-in. Not idempotent: each call makes another.',
      body: Type.Object({
        username,
        target: Type.String({ format: 'uri', pattern: '^https?://', maxLength: 2_000, description: 'an http or https URL' })
      }, { additionalProperties: false, examples: [{ username: 'alice', target: 'http://app.localhost:3000/login' }] }),
      response: { ...answers(Type.Object({ url: Type.String() })), ...conflictSchema }
    }
  }, async ({ realm, body }) => {
    const { username } = userToSignIn(realm, body.username)
    const id = randomBytes(16).toString('base64url')
    await linksOf(realm).set(id, { username, target: body.target }, { ttl: lifetimeSeconds })
    return { url: `${withoutTrailingSlash(realm.issuer)}/lab/sign-in-links/${id}` }
  })
}

/** Where such a link leads. Pages of other sites may lead there: only who was given the link can. */
export const followSignInLinkRoutes: FastifyPluginAsyncTypebox = async app => {
  await app.register(fastifyCookie)

  app.get('/lab/sign-in-links/:id', {
    config: unnoticed,
    exposeHeadRoute: false,
    schema: { params: Type.Object({ id: Type.String({ maxLength: 64 }) }) }
  }, async ({ realm, params }, reply) => {
    const link = await linksOf(realm).take(params.id)
    const user = link && realm.accounts.named(link.username)
    if (!user || user.disabled) throw new errors.SessionNotFound('the link was used already, or is too old')
    for (const { name, value, expires, domain: _own, ...attributes } of await signedInBrowser(realm, user)) {
      reply.setCookie(name, value, { ...attributes, sameSite: attributes.sameSite.toLowerCase() as 'lax' | 'none', expires: new Date(expires * 1000) })
    }
    return reply.header('cache-control', 'no-store').redirect(link.target, 303)
  })
}
