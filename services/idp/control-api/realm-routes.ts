import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '#lib/validation/schema.ts'
import { words } from '#lib/validation/words.ts'
import { anyClaims, withDefaults, userFields, usernameInWords, usernameKey, usernamePattern } from '../accounts/users.ts'
import { clientFields, contradictions, withClientDefaults, type RegisteredClient } from '../clients/registered-clients.ts'
import { clientDefaultsOf } from '../presets/presets.ts'
import type { Realm } from '../realm/realm.ts'
import type { Realms } from '../realm/realms.ts'
import { realmSettings } from '../state/realm-settings.ts'
import { sendRealms } from './realm-events.ts'
import { answers, changesOf, checkAgainstPath, conflictSchema, Impossible, noAnswer, notFound } from './answers.ts'

const params = Type.Object({
  name: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,62}$', description: 'the name of a realm: lower-case letters, digits and hyphens, 63 of them at most, no hyphen first', examples: ['red'] })
})
const user = Type.Object({
  username: Type.String({ pattern: usernamePattern, description: usernameInWords }), ...changesOf({ ...userFields, claims: anyClaims }).properties
}, { additionalProperties: false })
const client = Type.Object({ client_id: Type.String({ minLength: 1 }), ...changesOf(clientFields).properties }, { additionalProperties: false })
const body = Type.Object({
  name: Type.Optional(Type.String({ description: 'as in the path' })),
  issuer: Type.Optional(Type.String({ description: 'as it follows from the name' })),
  users: Type.Optional(Type.Array(user, { maxItems: 1000, description: 'who can sign in; the lab\'s users where left out' })),
  clients: Type.Optional(Type.Array(client, { maxItems: 1000, description: 'the registered clients; the lab\'s where left out' })),
  ...changesOf(realmSettings.properties).properties
}, { additionalProperties: false, examples: [{}] })
const realm = Type.Object({
  name: Type.String(),
  issuer: Type.String({ description: 'also the base of its control API: append `/lab`' })
})

const realmsNow = Type.Object({
  resets: Type.Integer({ description: 'how often everything was put back since the provider has started' }),
  changes: Type.Integer({ description: 'how often something was changed by the control API since then, in whichever realm' }),
  realms: Type.Array(Type.Object({ ...realm.properties, ledger: Type.String({ description: 'another for each realm that is made, whatever its name' }) }))
})

const described = ({ name, issuer }: Realm) => ({ name, issuer })

const tags = ['Realms']

/** `/lab/realms`: further issuers, each with users, clients, keys, faults, clock and ledger of its own. */
export const realmRoutes: FastifyPluginAsyncTypebox<{ realms: Realms }> = async (app, { realms }) => {
  app.get('/lab/realms', {
    schema: {
      tags,
      summary: 'All realms',
      description: 'Beside the issuer at the root.',
      response: answers(Type.Object({ realms: Type.Array(realm) }))
    }
  }, async () => ({ realms: realms.all.filter(({ name }) => name !== '').map(described) }))

  app.get('/lab/realm-events', {
    config: { log: false },
    sse: { kind: 'only' },
    // A stream has no end for a HEAD to wait for.
    exposeHeadRoute: false,
    schema: {
      tags,
      summary: 'Follow which realms there are, and that something was changed',
      description: 'Server-sent events: `realms` with all there are, at once, and whenever there are others or something else was changed.',
      response: { 200: { content: { 'text/event-stream': { schema: realmsNow } } } }
    }
  }, async (_request, reply) => sendRealms(reply, realms))

  app.get('/lab/realms/:name', {
    schema: { tags, summary: 'One realm', params, response: answers(realm) }
  }, async ({ params }) => {
    if (!realms.has(params.name)) throw notFound('realm', params.name, realms.all.map(realm => realm.name).filter(name => name !== ''))
    return described(realms.get(params.name))
  })

  app.put('/lab/realms/:name', {
    schema: {
      tags,
      summary: 'Add a realm, or find the one that is there',
      description: 'An issuer of its own, from the first request on, with users, clients and settings as said, such as a GET of each answers. Idempotent: a realm ' +
        'that is there stays as it is, whatever the body says.',
      params,
      body,
      response: { ...answers(realm), ...conflictSchema }
    }
  }, async ({ params, body: { name, issuer, users, clients, ...settings } }) => {
    checkAgainstPath('name', name, params.name)
    checkAgainstPath('issuer', issuer, realms.issuerOf(params.name))
    const people = users?.map(withDefaults)
    const applications = clients?.map(client => withClientDefaults({ ...clientDefaultsOf(settings), ...client }))
    const mistakes = [
      ...twice('username', people?.map(({ username }) => ({ username: usernameKey(username) }))), ...twice('sub', people), ...twice('client_id', applications),
      ...applications?.flatMap(mistakesOf) ?? []
    ]
    if (mistakes.length > 0) throw new Impossible(`${mistakes.join('; ')}.`)
    return described(await realms.make(params.name, {
      ...(people && { users: people }),
      ...(applications && { clients: applications }),
      settings
    }))
  })

  app.delete('/lab/realms/:name', {
    schema: { tags, summary: 'Remove a realm', description: 'With everything in it. Idempotent.', params, response: noAnswer }
  }, async ({ params }, reply) => {
    if (realms.has(params.name)) await realms.remove(params.name)
    return reply.code(204).send(null)
  })
}

function twice<K extends string> (key: K, entries: Partial<Record<K, string | undefined>>[] = []): string[] {
  const values = entries.map(entry => entry[key]).filter(value => value !== undefined)
  return values.filter((value, index) => values.indexOf(value) < index).map(value => `${key} ${value} ${words.twice}`)
}

const mistakesOf = (client: RegisteredClient) => contradictions(client).map(what => `client ${client.client_id}: ${what}`)
