import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '#lib/validation/schema.ts'
import { hintedUser } from '../provider/sign-in-by-hint.ts'
import { consentPage } from './consent-routes.ts'
import { asksForSecondFactor } from './interaction.ts'
import { secondFactorPage } from './second-factor-routes.ts'
import { signIn, signInPage } from './sign-in-routes.ts'

/** Where the provider sends a browser when it needs a person: shows the page for what is asked. */
export const interactionRoutes: FastifyPluginAsyncTypebox = async app => {
  // What is on these pages is for one person and one moment.
  app.addHook('onRequest', async (_request, reply) => { reply.header('cache-control', 'no-store') })

  app.get('/interaction/:uid', {
    schema: { params: Type.Object({ uid: Type.String({ maxLength: 64 }) }) }
  }, async (request, reply) => {
    const { realm } = request
    const interaction = await realm.provider.interactionDetails(request.raw, reply.raw)
    if (interaction.prompt.name === 'consent') return reply.viewAsync('consent', await consentPage(realm, interaction))
    const user = realm.instruments && hintedUser(realm.accounts, interaction.params['login_hint'])
    if (user) return await signIn(request, reply, interaction, user, 'hint')
    return asksForSecondFactor(interaction)
      ? reply.viewAsync('second-factor', await secondFactorPage(realm, interaction))
      : reply.viewAsync('sign-in', await signInPage(realm, interaction))
  })
}
