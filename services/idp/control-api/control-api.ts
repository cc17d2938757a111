import createError from '@fastify/error'
import { fastifySSE } from '@fastify/sse'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyError, FastifyReply } from 'fastify'
import { answerJsonError } from '#lib/control-api/json-errors.ts'
import { checkStrictly } from '#lib/control-api/strict-requests.ts'
import { sameSiteOnly } from '#lib/server/same-site.ts'
import type { Addresses } from '#lib/settings/settings.ts'
import type { Realms } from '../realm/realms.ts'
import { whyIn } from '../realm/resolve-realm.ts'
import { addCommonRefusals, Impossible } from './answers.ts'
import { clientRoutes } from './client-routes.ts'
import { clockRoutes } from './clock-routes.ts'
import { descriptionRoutes } from './description-routes.ts'
import { faultRoutes } from './fault-routes.ts'
import { keyRoutes } from './key-routes.ts'
import { isTooDeep } from './nesting.ts'
import { permissiveRoutes } from './permissive-routes.ts'
import { realmLedgerRoutes } from './realm-ledger-routes.ts'
import { realmRoutes } from './realm-routes.ts'
import { resetRoutes } from './reset-routes.ts'
import { sessionRoutes } from './session-routes.ts'
import { signInLinkRoutes } from './sign-in-link-routes.ts'
import { settingsRoutes } from './settings-routes.ts'
import { userRoutes } from './user-routes.ts'

const NotJson = createError('NOT_JSON', 'A body is JSON: send it with content-type: application/json.', 415)

/**
 * The control API of the lab: everything a mock has that a real provider lacks. There is no sign-in, so pages of other
 * sites are refused.
 */
export const controlApiRoutes: FastifyPluginAsyncTypebox<{ realms: Realms, addresses: Addresses }> = async (app, { realms, addresses }) => {
  app.addHook('onRequest', sameSiteOnly(addresses.issuer, { pages: ['/lab'] }))
  app.addHook('onSend', async (_request, reply) => { reply.header('cache-control', 'no-store') })
  const hasChanged = (method: string, { statusCode }: FastifyReply) => method !== 'GET' && statusCode < 400
  app.addHook('onSend', async ({ method, realm }, reply) => { if (hasChanged(method, reply)) await realm.revisions.revise() })
  app.addHook('onResponse', async ({ method }, reply) => { if (hasChanged(method, reply)) await realms.noteChange() })
  app.setErrorHandler<FastifyError>((error, request, reply) => answerJsonError(whyIn(request, error), request, reply))
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
  app.addHook('onRoute', addCommonRefusals)

  await app.register(fastifySSE)
  await app.register(userRoutes)
  await app.register(sessionRoutes)
  await app.register(signInLinkRoutes)
  await app.register(clientRoutes)
  await app.register(faultRoutes)
  await app.register(clockRoutes, { addresses })
  await app.register(keyRoutes)
  await app.register(realmLedgerRoutes)
  await app.register(settingsRoutes)
  await app.register(permissiveRoutes)
  await app.register(resetRoutes, { realms, addresses })

  // Realms have no realms, and one description is enough for all.
  if (app.prefix !== '') return
  await app.register(realmRoutes, { realms })
  await app.register(descriptionRoutes)
}
