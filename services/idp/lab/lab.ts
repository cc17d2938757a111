import createError from '@fastify/error'
import { fastifySSE } from '@fastify/sse'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyError } from 'fastify'
import { answerLabError } from '#lib/lab-clock.ts'
import { checkStrictly } from '#lib/lab-requests.ts'
import { sameSiteOnly } from '#lib/same-site.ts'
import type { Addresses } from '#lib/settings.ts'
import { whyIn } from '../plugins/errors.ts'
import type { Realms } from '../realms.ts'
import { Impossible } from './answers.ts'
import { clientRoutes } from './clients.ts'
import { clockRoutes } from './clock.ts'
import { descriptionRoutes } from './description.ts'
import { faultRoutes } from './faults.ts'
import { keyRoutes } from './keys.ts'
import { ledgerRoutes } from './ledger.ts'
import { permissiveRoutes } from './permissive.ts'
import { realmRoutes } from './realms.ts'
import { resetRoutes } from './reset.ts'
import { sessionRoutes } from './sessions.ts'
import { settingsRoutes } from './settings.ts'
import { userRoutes } from './users.ts'
import { isTooDeep } from './nesting.ts'

const NotJson = createError('NOT_JSON', 'A body is JSON: send it with content-type: application/json.', 415)

/**
 * The control API of the lab: everything a mock has that a real provider lacks. There is no sign-in, so pages of other
 * sites are refused.
 */
export const lab: FastifyPluginAsyncTypebox<{ realms: Realms, addresses: Addresses }> = async (app, { realms, addresses }) => {
  app.addHook('onRequest', sameSiteOnly(addresses.issuer, { page: '/lab' }))
  app.addHook('onSend', async (_request, reply) => { reply.header('cache-control', 'no-store') })
  app.setErrorHandler<FastifyError>((error, request, reply) => answerLabError(whyIn(request, error), request, reply))
  // Programs say that they send JSON also where they send nothing.
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) =>
    body === '' ? done(null) : parseJson(request, String(body), done))
  // A form is what curl sends where nothing else is said, and text is what fetch does.
  app.removeContentTypeParser(['application/x-www-form-urlencoded', 'text/plain'])
  app.addContentTypeParser('*', (_request, _payload, done) => done(new NotJson()))
  // Nothing is sent where nothing is to be said.
  app.addHook('preValidation', async request => {
    request.body ??= {}
    if (isTooDeep(request.body)) throw new Impossible('The body is nested too deep.')
  })
  checkStrictly(app)

  await app.register(fastifySSE)
  await app.register(userRoutes)
  await app.register(sessionRoutes)
  await app.register(clientRoutes)
  await app.register(faultRoutes)
  await app.register(clockRoutes, { addresses })
  await app.register(keyRoutes)
  await app.register(ledgerRoutes)
  await app.register(settingsRoutes)
  await app.register(permissiveRoutes)
  await app.register(resetRoutes, { realms, addresses })

  // Realms have no realms, and one description is enough for all.
  if (app.prefix !== '') return
  await app.register(realmRoutes, { realms })
  await app.register(descriptionRoutes)
}
