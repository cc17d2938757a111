import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from '#lib/schema.ts'
import { demandsOf, hintedSub, isDemanded, type Demands } from '../demands.ts'
import type { Realm } from '../realm.ts'
import { displayName, type User } from '../users.ts'

/** The interaction, as far as it says what was asked. */
interface Asked { params: Record<string, unknown> }

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
    return await signIn(request, reply, interaction, user)
  })
}

/** Let the browser go on as this user, or else with an error where the request cannot have an ID token for them. */
export async function signIn (request: FastifyRequest, reply: FastifyReply, { params }: Asked, user: User) {
  const result = refusalOf(demandsOf(params), user) ?? { login: { accountId: user.sub, amr: ['pwd'] } }
  return reply.redirect(await request.realm.provider.interactionResult(request.raw, reply.raw, result, {
    mergeWithLastSubmission: false
  }), 303)
}

/** What the application is told instead, so that nobody is asked for ever who cannot be let in. */
function refusalOf (demands: Demands, user: User) {
  if (!isDemanded(demands, user.sub)) {
    return { error: 'login_required', error_description: 'somebody else has signed in than the request is about' }
  }
  if (!demands.isAcrEssential) return undefined
  return {
    error: 'unmet_authentication_requirements',
    error_description: 'the person cannot sign in at the level that the request demands'
  }
}

/** What the template `sign-in` shows for an interaction. */
export async function signInPage ({ accounts, lab, mountPath, provider }: Realm, interaction: Asked & { uid: string }) {
  const client = await provider.Client.find(String(interaction.params['client_id']))
  return {
    title: 'Sign in',
    base: mountPath,
    uid: interaction.uid,
    client: client?.clientName ?? client?.clientId,
    username: interaction.params['login_hint'] ?? accounts.ofSub(hintedSub(interaction.params) ?? '')?.username ?? '',
    refusal: undefined,
    testUsers: lab ? accounts.all.map(user => ({ ...user, name: displayName(user) })) : []
  }
}
