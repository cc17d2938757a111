import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Provider } from 'oidc-provider'
import type { Accounts } from '../users.ts'
import { consentPage } from './consent.ts'
import { signInPage } from './sign-in.ts'

/** Where the provider sends a browser when it needs a person: shows the sign-in page or the consent page. */
export const interactionRoutes: FastifyPluginAsyncTypebox<{
  provider: Provider
  accounts: Accounts
  lab: boolean
}> = async (app, { provider, accounts, lab }) => {
  // What is on these pages is for one person and one moment.
  app.addHook('onRequest', async (_request, reply) => { reply.header('cache-control', 'no-store') })

  app.get('/interaction/:uid', {
    schema: { params: Type.Object({ uid: Type.String({ maxLength: 64 }) }) }
  }, async (request, reply) => {
    const interaction = await provider.interactionDetails(request.raw, reply.raw)
    return interaction.prompt.name === 'consent'
      ? reply.viewAsync('consent', await consentPage(provider, accounts, interaction))
      : reply.viewAsync('sign-in', await signInPage(provider, accounts, lab, interaction))
  })
}
