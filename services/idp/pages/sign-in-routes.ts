import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { errors } from 'oidc-provider'
import { Type } from '#lib/validation/schema.ts'
import { authenticationBy, authenticationUnasked, canReach } from '../accounts/authentication-levels.ts'
import { demandsOf, hintedSub, isDemanded, type Demands } from '../accounts/sign-in-demands.ts'
import { displayName, type User } from '../accounts/users.ts'
import { somebodyElse, unreachable } from '../provider/interaction-policy.ts'
import type { Realm } from '../realm/realm.ts'
import { asksForAccount, finish, signedIn, type Interaction } from './interaction.ts'

const params = Type.Object({ uid: Type.String({ maxLength: 64 }) })

// The same for a wrong password, an unknown and a disabled user: none of them tells which users there are.
const refusal = 'That user name and password do not match an account that can sign in. Check both and try again.'

/** The sign-in page: a form and, in the lab, the test users one click away. */
export const signInRoutes: FastifyPluginAsyncTypebox = async app => {
  app.post('/interaction/:uid/sign-in', {
    schema: {
      params,
      body: Type.Object({
        username: Type.String({ maxLength: 300 }),
        password: Type.String({ maxLength: 300 })
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
    return await signIn(request, reply, interaction, user, 'password')
  })

  app.post('/interaction/:uid/select-account', { schema: { params } }, async (request, reply) => {
    const interaction = await request.realm.provider.interactionDetails(request.raw, reply.raw)
    if (!asksForAccount(interaction)) throw new errors.SessionNotFound('there is no account to choose')
    return await finish(request, reply, { select_account: {} })
  })
}

/** Let the browser go on as this user, or else with an error where the request cannot have an ID token for them. */
export async function signIn (
  request: FastifyRequest, reply: FastifyReply, { params }: Interaction, user: User, how: 'password' | 'hint'
) {
  const demands = demandsOf(params)
  const authentication = how === 'hint' ? authenticationUnasked(user, demands) : authenticationBy('password', user, demands)
  return await finish(request, reply, refusalOf(demands, user) ?? signedIn(user.sub, authentication))
}

/** What the application is told instead, so that nobody is asked for ever who cannot be let in. */
function refusalOf (demands: Demands, user: User) {
  if (!isDemanded(demands, user.sub)) return somebodyElse
  return demands.isAcrEssential && !canReach(user, demands) ? unreachable : undefined
}

/** What the template `sign-in` shows for an interaction. */
export async function signInPage ({ accounts, instruments, mountPath, provider }: Realm, interaction: Interaction) {
  const client = await provider.Client.find(String(interaction.params['client_id']))
  const current = asksForAccount(interaction) ? accounts.find(interaction.session!.accountId) : undefined
  return {
    title: current ? 'Choose an account' : 'Sign in',
    current: current && displayName(current),
    base: mountPath,
    uid: interaction.uid,
    client: client?.clientName ?? client?.clientId,
    username: interaction.params['login_hint'] ?? accounts.ofSub(hintedSub(interaction.params) ?? '')?.username ?? '',
    refusal: undefined,
    testUsers: instruments ? accounts.all.map(user => ({ ...user, name: displayName(user) })) : []
  }
}
