import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { realmSettings } from '../state/realm-settings.ts'
import { withPreset } from '../presets/presets.ts'
import { answers, changesOf, noAnswer } from './answers.ts'

const tags = ['Settings']

/** `/lab/settings`: what is the same for all clients of the issuer. */
export const settingsRoutes: FastifyPluginAsyncTypebox = async app => {
  app.get('/lab/settings', {
    schema: { tags, summary: 'The settings of the issuer', response: answers(realmSettings) }
  }, async ({ realm }) => realm.settings.value)

  app.patch('/lab/settings', {
    schema: {
      tags,
      summary: 'Change settings of the issuer',
      description: 'What is left out stays; each is replaced as a whole; `like` brings what belongs to that product and is not said. Discovery says the new ones at once. Idempotent.',
      body: changesOf(realmSettings.properties, { examples: [{ scopes: { groups: ['groups'] } }] }),
      response: answers(realmSettings)
    }
  }, async ({ realm, body }) => {
    await realm.settings.put({ ...realm.settings.value, ...withPreset(body) })
    return realm.settings.value
  })

  app.delete('/lab/settings', {
    schema: { tags, summary: 'Put the settings back', description: 'Idempotent.', response: noAnswer }
  }, async ({ realm }, reply) => {
    await realm.settings.reset()
    return reply.code(204).send(null)
  })
}
