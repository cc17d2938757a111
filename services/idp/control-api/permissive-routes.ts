import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '#lib/validation/schema.ts'
import type { RegisteredClient } from '../clients/registered-clients.ts'
import { isLetOff, isPermissive, rules } from '../clients/rules.ts'
import { answers } from './answers.ts'

const rule = Type.Object({
  name: Type.String({ description: 'as `rule` of a violation in the ledger' }),
  refused: Type.String({ description: 'what is refused when a strict client does it' }),
  instead: Type.String({ description: 'what is done instead for a permissive one' }),
  specification: Type.String({ format: 'uri', description: 'the section that it breaks' }),
  clients: Type.Array(Type.String(), { description: 'the `client_id` of each client that is let off this rule now' })
})

const permissive = Type.Object({
  clients: Type.Array(Type.String(), { description: 'the `client_id` of each client that is let off any rule now' }),
  rules: Type.Array(rule)
})

/** `/lab/permissive`: what permissive mode lets pass, and for whom. */
export const permissiveRoutes: FastifyPluginAsyncTypebox = async app => {
  app.get('/lab/permissive', {
    schema: {
      tags: ['Clients'],
      summary: 'What permissive clients may do',
      description: 'A client whose field `permissive` is true gets what others are refused, as from a mock that says yes to ' +
        'everything. A list of names of rules in its place lets it off these, and no other. Each time, the ledger notes as a violation what was let pass. What is not listed here stays refused.',
      response: answers(permissive)
    }
  }, async ({ realm }) => {
    const idsOf = (clients: RegisteredClient[]) => clients.map(client => client.client_id)
    const { all } = realm.clients
    return {
      clients: idsOf(all.filter(isPermissive)),
      rules: rules.map(rule => ({ ...rule, clients: idsOf(all.filter(client => isLetOff(client, rule.name))) }))
    }
  })
}
