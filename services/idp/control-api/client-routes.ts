import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type, type Static } from '#lib/validation/schema.ts'
import { clientFields, withClientDefaults, type RegisteredClient } from '../clients/registered-clients.ts'
import type { Realm } from '../realm/realm.ts'
import { answers, changesOf, noAnswer, notFound } from './answers.ts'

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

const fields = changesOf(clientFields, { examples: [shop] })

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
        'the secret is `lab-only-secret-of-<client_id>`, sent as client_secret_basic. So `redirect_uris` are enough. Idempotent.',
      params,
      body: fields,
      response: answers(client)
    }
  }, async ({ realm, params, body }) => await put(realm, withClientDefaults({ ...body, client_id: params.client_id })))

  app.patch('/lab/clients/:client_id', {
    schema: {
      tags,
      summary: 'Change a client',
      description: 'What is left out stays. Idempotent.',
      params,
      body: changesOf(clientFields, { examples: [{ id_token_signed_response_alg: 'ES256' }] }),
      response: answers(client)
    }
  }, async ({ realm, params, body }) => await put(realm, { ...existing(realm, params.client_id), ...body }))

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
