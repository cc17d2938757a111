import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { realNow } from '#lib/clock/clock.ts'
import { Type } from '#lib/validation/schema.ts'
import { authenticationUnasked, type Authentication } from '../accounts/authentication-levels.ts'
import { usernameInWords, usernamePattern, type User } from '../accounts/users.ts'
import { nameInFrames } from '../provider/extensions/send-session-in-frames.ts'
import { sessionSeconds } from '../provider/lifetimes.ts'
import type { Realm } from '../realm/realm.ts'
import { answers, conflictSchema, Conflict, noAnswer, notFound } from './answers.ts'

/** The user whom a body names. */
export const username = Type.String({ pattern: usernamePattern, description: usernameInWords, examples: ['alice'] })
const cookie = Type.Object({
  name: Type.String(),
  value: Type.String(),
  domain: Type.String(),
  path: Type.String(),
  expires: Type.Number({ description: 'seconds since the epoch' }),
  httpOnly: Type.Boolean(),
  secure: Type.Boolean(),
  sameSite: Type.Union([Type.Literal('Lax'), Type.Literal('None'), Type.Literal('Strict')])
})

const tags = ['Sessions']

/** `/lab/sessions`: browsers that are signed in without having seen a page. */
export const sessionRoutes: FastifyPluginAsyncTypebox = async app => {
  app.post('/lab/sessions', {
    schema: {
      tags,
      summary: 'Sign in without a page',
      description: 'The cookies of a browser in which this user has just signed in, in the shape that Playwright\'s ' +
        '`storageState` takes. Not idempotent: each call is another browser.',
      body: Type.Object({
        username,
        acr: Type.Optional(Type.String({
          minLength: 1, description: 'the level of the sign-in; the user\'s own where left out. What takes a second factor has it'
        })),
        amr: Type.Optional(Type.Array(Type.String({ minLength: 1 }), {
          minItems: 1, description: 'how they signed in, in place of what that level takes'
        })),
        secondsAgo: Type.Optional(Type.Integer({
          minimum: 0,
          maximum: 28_000,
          description: 'when they signed in, now where left out: what `auth_time` and `max_age` go by'
        }))
      }, { additionalProperties: false, examples: [{ username: 'alice' }] }),
      response: { ...answers(Type.Object({ cookies: Type.Array(cookie), origins: Type.Array(Type.Never()) })), ...conflictSchema }
    }
  }, async ({ realm, body }) => {
    const user = userToSignIn(realm, body.username)
    return { cookies: await signedInBrowser(realm, user, body), origins: [] }
  })

  app.delete('/lab/sessions', {
    schema: {
      tags,
      summary: 'Sign a user out of all browsers',
      description: 'Here, as if the sessions had expired: nobody is told, and what was issued for offline ' +
        'access goes on. Idempotent.',
      querystring: Type.Object({ username }),
      response: noAnswer
    }
  }, async ({ realm, query }, reply) => {
    const user = realm.accounts.named(query.username)
    if (!user) throw notFound('user', query.username, realm.accounts.all.map(user => user.username))
    await realm.endSessions(user.sub)
    return reply.code(204).send(null)
  })
}

/**
 * Somebody who can sign in.
 *
 * @throws 404 and 409 where there is no such user, or it is disabled
 */
export function userToSignIn (realm: Realm, username: string): User {
  const user = realm.accounts.named(username)
  if (!user) throw notFound('user', username, realm.accounts.all.map(user => user.username))
  if (user.disabled) throw new Conflict(`${user.username} is disabled and cannot sign in.`)
  return user
}

/** The cookies of a browser in which this user has just signed in, or some time ago. */
export async function signedInBrowser (realm: Realm, user: User, { acr, amr, secondsAgo = 0 }: Authentication & { secondsAgo?: number } = {}) {
  const { provider, issuer, mountPath } = realm
  const now = Math.floor(Date.now() / 1000)
  const session = new provider.Session()
  const demands = { subs: [], acrs: acr === undefined ? [] : [acr], isAcrEssential: false }
  const authentication = authenticationUnasked(user, demands, { acr, amr })
  session.loginAccount({ accountId: user.sub, ...authentication, loginTs: now - secondsAgo })
  await session.save(sessionSeconds)
  const { hostname, protocol } = new URL(issuer)
  const name = provider.cookieName('session')
  const signature = realm.cookieSignatures.sign(`${name}=${session.jti}`)
  const cookies = [{ name, value: session.jti }, { name: `${name}.sig`, value: signature }].map(cookie => ({
    ...cookie,
    domain: hostname,
    path: mountPath || '/',
    // A browser goes by the time of the system.
    expires: session.exp - Math.round((Date.now() - realNow()) / 1000),
    httpOnly: true,
    secure: protocol === 'https:',
    sameSite: 'Lax' as const
  }))
  const copies = cookies.map(cookie => ({
    ...cookie, name: nameInFrames(cookie.name), secure: true, sameSite: 'None' as const
  }))
  return [...cookies, ...copies]
}
