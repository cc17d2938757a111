import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from '#lib/schema.ts'
import type { Realm } from '../realm.ts'
import { displayName, type User } from '../users.ts'

const params = Type.Object({ uid: Type.String({ maxLength: 64 }) })

// The same for a wrong password, an unknown and a disabled user: none of them tells which users there are.
const refusal = 'That user name and password do not match an account that can sign in. Check both and try again.'

/** The sign-in page: a form and, in the lab, the test users one click away. */
export const signInRoutes: FastifyPluginAsyncTypebox = async app => {
  app.post('/interaction/:uid/sign-in', {
    schema: {
      params,
      body: Type.Object({
        username: Type.String({ maxLength: 200 }),
        password: Type.String({ maxLength: 200 })
      })
    }
  }, async (request, reply) => {
    const { username, password } = request.body
    const { realm } = request
    const interaction = await realm.provider.interactionDetails(request.raw, reply.raw)
    const user = realm.accounts.authenticate(username, password)
    if (!user) {
      request.log.info('refused a sign-in: no enabled user has this name and password')
      return reply.code(422).viewAsync('sign-in', {
        ...await signInPage(realm, interaction), username, refusal
      })
    }
    return await signIn(request, reply, user)
  })
}

/** Let the browser go on as this user. */
export async function signIn (request: FastifyRequest, reply: FastifyReply, user: User) {
  return reply.redirect(await request.realm.provider.interactionResult(request.raw, reply.raw, {
    login: { accountId: user.sub, amr: ['pwd'] }
  }, { mergeWithLastSubmission: false }), 303)
}

/** What the template `sign-in` shows for an interaction. */
export async function signInPage ({ accounts, lab, mountPath, provider }: Realm, interaction: {
  uid: string
  params: Record<string, unknown>
}) {
  const client = await provider.Client.find(String(interaction.params['client_id']))
  return {
    title: 'Sign in',
    base: mountPath,
    uid: interaction.uid,
    client: client?.clientName ?? client?.clientId,
    username: interaction.params['login_hint'] ?? '',
    refusal: undefined,
    testUsers: lab ? accounts.all.map(user => ({ ...user, name: displayName(user) })) : []
  }
}
