import { isDeepStrictEqual } from 'node:util'
import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type, type Static } from '#lib/validation/schema.ts'
import { clientFields, withClientDefaults, type RegisteredClient } from '../clients/registered-clients.ts'
import { clientDefaultsOf } from '../presets/presets.ts'
import type { Realm } from '../realm/realm.ts'
import { answers, changesOf, checkAgainstPath, noAnswer, notFound } from './answers.ts'

const params = Type.Object({
  client_id: Type.String({ minLength: 1, maxLength: 200, description: 'the client_id', examples: ['shop'] })
})

const shop = {
  client_name: 'Shop',
  client_uri: 'http://localhost:8080',
  client_secret: 'secret-of-the-shop',
  token_endpoint_auth_method: 'client_secret_basic',
  redirect_uris: ['http://localhost:8080/callback'],
  grant_types: ['authorization_code', 'refresh_token'],
  scope: 'openid profile email offline_access',
  first_party: true
}

const named = { client_id: Type.String({ description: 'as in the path' }), ...clientFields }
const fields = changesOf(named, { examples: [shop] })

const client = Type.Object({ client_id: Type.String() }, { additionalProperties: true })

/** What a `PUT` of a client takes: OpenID Connect's client metadata and the lab's own fields. */
export type ClientFields = Static<typeof fields>

const tags = ['Clients']

/** `/lab/clients`: the registered clients. */
export const clientRoutes: FastifyPluginAsyncTypebox = async app => {
  app.get('/lab/clients', {
    schema: {
      tags,
      summary: 'All clients',
      description: 'With their secrets.',
      response: answers(Type.Object({ clients: Type.Array(client) }))
    }
  }, async ({ realm }) => ({ clients: realm.clients.all }))

  app.get('/lab/clients/:client_id', {
    schema: { tags, summary: 'One client', params, response: answers(client) }
  }, async ({ realm, params }) => existing(realm, params.client_id))

  app.put('/lab/clients/:client_id', {
    schema: {
      tags,
      summary: 'Register a client, or replace one',
      description: 'Members are those of OpenID Connect Dynamic Client Registration, and the lab\'s own. What is left out gets a value: ' +
        'the secret is `lab-only-secret-of-<client_id>`, sent as client_secret_basic. So `redirect_uris` are enough, and what a GET answers can be sent back. Idempotent.',
      params,
      body: fields,
      response: answers(client)
    },
    preValidation: setFurtherMetadataAside
  }, async request => {
    const { realm, params, body } = request
    checkAgainstPath('client_id', body.client_id, params.client_id)
    const further = setAside.get(request)
    // What was read of one that has registered itself is complete.
    return await put(realm, further ? { ...further, ...body, client_id: params.client_id } as RegisteredClient : withClientDefaults({ ...clientDefaultsOf(realm.settings.value), ...body, client_id: params.client_id }))
  })

  app.patch('/lab/clients/:client_id', {
    schema: {
      tags,
      summary: 'Change a client',
      description: 'What is left out stays. Idempotent.',
      params,
      body: changesOf(named, { examples: [{ id_token_signed_response_alg: 'ES256' }] }),
      response: answers(client)
    },
    preValidation: setFurtherMetadataAside
  }, async ({ realm, params, body }) => {
    checkAgainstPath('client_id', body.client_id, params.client_id)
    return await put(realm, { ...existing(realm, params.client_id), ...body })
  })

  app.delete('/lab/clients/:client_id', {
    schema: {
      tags,
      summary: 'Remove a client',
      description: 'Its tokens are worth nothing from then on. Idempotent.',
      params,
      response: noAnswer
    }
  }, async ({ realm, params }, reply) => {
    await realm.clients.remove(params.client_id)
    return reply.code(204).send(null)
  })

  app.delete('/lab/clients', {
    schema: {
      tags,
      summary: 'Put all clients back',
      description: 'To those of the lab, or those that the realm was made with. Idempotent.',
      response: noAnswer
    }
  }, async ({ realm }, reply) => {
    await realm.clients.reset()
    return reply.code(204).send(null)
  })
}

const setAside = new WeakMap<FastifyRequest, Record<string, unknown>>()

/**
 * A client that has registered itself has metadata beside, which are for oidc-provider to know. As they were read they can be sent
 * back; else there is no such member.
 */
async function setFurtherMetadataAside (request: FastifyRequest): Promise<void> {
  const { client_id: id } = request.params as { client_id: string }
  const body = request.body as Record<string, unknown>
  const further = Object.entries(request.realm.clients.get(id) ?? {})
    .filter(([name, value]) => !Object.hasOwn(named, name) && Object.hasOwn(body, name) && isDeepStrictEqual(body[name], value))
  if (further.length > 0) setAside.set(request, Object.fromEntries(further))
  for (const [name] of further) delete body[name]
}

function existing ({ clients }: Realm, id: string): RegisteredClient {
  const client = clients.get(id)
  if (!client) throw notFound('client', id, clients.all.map(client => client.client_id))
  return client
}

async function put (realm: Realm, client: RegisteredClient): Promise<RegisteredClient> {
  await realm.keys.ensure(client.id_token_signed_response_alg)
  await realm.checkClient(client)
  await realm.clients.put(client)
  return client
}
