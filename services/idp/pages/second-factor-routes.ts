import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { errors } from 'oidc-provider'
import { Type } from '#lib/validation/schema.ts'
import { authenticationBy } from '../accounts/authentication-levels.ts'
import { codeToShow, takeCode, type Verdict } from '../accounts/second-factor-codes.ts'
import { demandsOf } from '../accounts/sign-in-demands.ts'
import { otpauthUri } from '../accounts/totp.ts'
import { displayName, type User } from '../accounts/users.ts'
import type { Realm } from '../realm/realm.ts'
import { asksForSecondFactor, finish, signedIn, type Interaction } from './interaction.ts'

const refusals: Record<Exclude<Verdict, 'right'>, string> = {
  wrong: 'That code is not right, or not any more. Type the one that your authenticator app shows now.',
  used: 'That code has been used, and a code works once. Wait for the next one.',
  'too many tries': 'Too many codes were wrong. Wait five minutes before you try again; until then none is looked at.'
}

/** The second factor: a code of an authenticator app and, in the lab, the app itself. */
export const secondFactorRoutes: FastifyPluginAsyncTypebox = async app => {
  app.post('/interaction/:uid/second-factor', {
    schema: {
      params: Type.Object({ uid: Type.String({ maxLength: 64 }) }),
      body: Type.Object({ one_time_password: Type.String({ maxLength: 20 }) })
    }
  }, async (request, reply) => {
    const { realm } = request
    const interaction = await realm.provider.interactionDetails(request.raw, reply.raw)
    const user = secondFactorUser(realm, interaction)
    const verdict = await takeCode(realm.store, user, request.body.one_time_password)
    if (verdict === 'right') {
      const authentication = authenticationBy('both factors', user, demandsOf(interaction.params))
      return await finish(request, reply, signedIn(user.sub, authentication))
    }
    request.log.info(`refused a second factor: ${verdict}`)
    return reply.code(verdict === 'too many tries' ? 429 : 422).viewAsync('second-factor', {
      ...await secondFactorPage(realm, interaction), refusal: refusals[verdict]
    })
  })
}

/** What the template `second-factor` shows for an interaction. */
export async function secondFactorPage (realm: Realm, interaction: Interaction) {
  const user = secondFactorUser(realm, interaction)
  const client = await realm.provider.Client.find(String(interaction.params['client_id']))
  const { totp_secret: secret } = user.second_factor!
  return {
    title: 'Enter your code',
    base: realm.mountPath,
    uid: interaction.uid,
    client: client?.clientName ?? client?.clientId,
    user: displayName(user),
    refusal: undefined,
    authenticator: realm.instruments && {
      ...await codeToShow(realm.store, user), secret, uri: otpauthUri('Tern ID', user.username, secret)
    }
  }
}

/** Who has shown the first factor in this interaction. */
function secondFactorUser ({ accounts }: Realm, interaction: Interaction): User {
  const user = accounts.find(interaction.session?.accountId ?? '')
  if (!user?.second_factor || !asksForSecondFactor(interaction)) throw new errors.SessionNotFound('no code is asked for here')
  return user
}
