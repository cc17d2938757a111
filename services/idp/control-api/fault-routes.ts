import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type, type Static } from '#lib/validation/schema.ts'
import { words } from '#lib/validation/words.ts'
import { existing, FaultError, type ActiveFault, type Who } from '../faults/active-faults.ts'
import { catalogue } from '../faults/catalogue.ts'
import { groups, outcomes, type Fault } from '../faults/fault.ts'
import type { Realm } from '../realm/realm.ts'
import { answers, noAnswer } from './answers.ts'
import { reasonNotToShow } from './fault-visibility.ts'

const name = Type.String({ maxLength: 100, description: 'a name from the catalogue', examples: ['id-token-invalid-iss'] })
const scope = {
  client_id: Type.Optional(Type.String({ minLength: 1, description: 'the client that it is for; without it, every client' })),
  username: Type.Optional(Type.String({ minLength: 1, description: 'the user that it is for; without it, everybody' }))
}

const activeFault = Type.Object({
  id: Type.String(),
  fault: name,
  ...scope,
  remaining: Type.Optional(Type.Integer({ description: 'how often it will still be applied; without it, until switched off' })),
  expiresAt: Type.Optional(Type.String({ format: 'date-time', description: 'when it ends by itself' })),
  parameters: Type.Record(Type.String(), Type.Unknown()),
  cannotShowYet: Type.Optional(Type.String({ description: 'why it will not show for now, where that is seen from here' }))
})

const entry = Type.Object({
  name,
  group: Type.Enum(Object.keys(groups) as (keyof typeof groups)[]),
  title: Type.String(),
  does: Type.String({ description: 'what exactly is different on the wire' }),
  mustDo: Type.String({ description: 'what a correct relying party must do' }),
  outcome: Type.Enum([...outcomes], {
    description: 'refuse: nothing comes of it; succeed: it goes on as if nothing were; retry: not this time, but another time; may: it refuses it or copes'
  }),
  specification: Type.Object({ section: Type.String(), url: Type.String({ format: 'uri' }) }),
  conformance: Type.Optional(Type.String({ description: 'the module of the OpenID Foundation\'s conformance suite' })),
  scopes: Type.Array(Type.Enum(['client_id', 'username']), { description: 'by what it can be limited' }),
  parameters: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'what can be set: a JSON Schema' })),
  active: Type.Array(activeFault, { description: 'how it is switched on, the latest last' })
})

/** A fault as `GET /lab/faults` shows it. */
export type FaultInCatalogue = Static<typeof entry>

const tags = ['Faults']

/** Faults of the identity provider: the catalogue, and the switches. */
export const faultRoutes: FastifyPluginAsyncTypebox = async app => {
  app.get('/lab/faults', {
    schema: {
      tags,
      summary: 'The catalogue of faults',
      description: 'Every fault with what it does on the wire, what a correct relying party must do, where that is said, and ' +
        'how it is switched on now.',
      response: answers(Type.Object({
        groups: Type.Array(Type.Object({ name: Type.String(), title: Type.String() }), { description: 'in the order of a sign-in' }),
        faults: Type.Array(entry)
      }))
    }
  }, async ({ realm }) => {
    const active = faultsOf(realm).active().map(fault => shown(realm, fault))
    const activeOf = (name: string) => active.filter(({ fault }) => fault === name)
    return {
      groups: Object.entries(groups).map(([name, title]) => ({ name, title })),
      faults: catalogue.map(fault => ({ ...described(fault), active: activeOf(fault.name) }))
    }
  })

  app.get('/lab/faults/active', {
    schema: {
      tags,
      summary: 'The faults that are switched on',
      description: 'The latest last. At one point of an HTTP exchange the latest that fits is applied, alone.',
      response: answers(Type.Object({ active: Type.Array(activeFault) }))
    }
  }, async ({ realm }) => ({ active: faultsOf(realm).active().map(fault => shown(realm, fault)) }))

  app.put('/lab/faults/:name', {
    schema: {
      tags,
      summary: 'Switch a fault on',
      description: 'Once, several times, for a while, or until it is switched off. It counts where it is applied, not where it ' +
        'could not be; `cannotShowYet` says why it will not show for now. Idempotent: what was said before about the same fault, client and user is replaced.',
      params: Type.Object({ name }),
      body: Type.Object({
        ...scope,
        count: Type.Optional(Type.Integer({ minimum: 1, description: 'how often; without it, until it is switched off' })),
        expiresIn: Type.Optional(Type.Number({
          exclusiveMinimum: 0, maximum: 315_576_000, description: 'seconds until it ends by itself'
        })),
        parameters: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'those of the catalogue' }))
      }, { additionalProperties: false, examples: [{ client_id: 'relying-party', count: 1 }] }),
      response: answers(activeFault)
    }
  }, async ({ params, body, realm }) => {
    existing(params.name)
    return shown(realm, await faultsOf(realm).switchOn({ ...body, ...known(realm, body), fault: params.name }))
  })

  app.delete('/lab/faults/:name', {
    schema: {
      tags,
      summary: 'Switch a fault off',
      description: 'All its switches, or those for a client or a user. Idempotent.',
      params: Type.Object({ name }),
      querystring: Type.Object(scope, { additionalProperties: false }),
      response: noAnswer
    }
  }, async ({ params, query: { client_id: client, username }, realm }, reply) => {
    const { name } = existing(params.name)
    const faults = faultsOf(realm)
    // Whoever it was switched on for may have been removed since.
    const isKnown = faults.active().some(active => active.client_id === client && active.username === username)
    if (!isKnown) known(realm, { client_id: client, username })
    const meant = faults.active().filter(active => active.fault === name &&
      (client === undefined || active.client_id === client) && (username === undefined || active.username === username))
    await Promise.all(meant.map(({ id }) => faults.switchOff(id)))
    return reply.code(204).send(null)
  })

  app.delete('/lab/faults', {
    schema: {
      tags,
      summary: 'Switch all faults off',
      description: 'Idempotent.',
      response: noAnswer
    }
  }, async ({ realm }, reply) => {
    await faultsOf(realm).reset()
    return reply.code(204).send(null)
  })
}

function shown (realm: Realm, active: ActiveFault): ActiveFault & { cannotShowYet?: string } {
  const reason = reasonNotToShow(realm, active)
  return reason === undefined ? active : { ...active, cannotShowYet: reason }
}

const faultsOf = (realm: Realm) => realm.instruments!.faults

/**
 * The client and the user that a fault is meant for, as they are called here.
 *
 * @throws {FaultError} where there is none
 */
function known ({ clients, accounts }: Realm, { client_id: client, username: name }: Who): Who {
  if (client !== undefined && !clients.get(client)) throw unknown('client', client, clients.all.map(other => other.client_id))
  const username = name === undefined ? undefined : accounts.named(name)?.username
  if (name !== undefined && username === undefined) throw unknown('user', name, accounts.all.map(other => other.username))
  return { client_id: client, username }
}

const unknown = (kind: string, name: string, names: string[]) =>
  new FaultError('invalid_request', words.noSuch(kind, name, names))

const described = ({ name, group, title, does, mustDo, outcome, specification, conformance, scopes, parameters }: Fault) => ({
  name,
  group,
  title,
  does,
  mustDo,
  outcome,
  specification,
  ...(conformance !== undefined && { conformance }),
  scopes: [...scopes],
  ...(parameters && { parameters: { ...parameters } as Record<string, unknown> })
})
