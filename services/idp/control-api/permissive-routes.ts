import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '#lib/validation/schema.ts'
import { rules } from '../permissive/rules.ts'
import { answers } from './answers.ts'

const rule = Type.Object({
  name: Type.String({ description: 'as `rule` of a violation in the ledger' }),
  refused: Type.String({ description: 'what is refused when a strict client does it' }),
  instead: Type.String({ description: 'what is done instead for a permissive one' }),
  specification: Type.String({ format: 'uri', description: 'the section that it breaks' })
})

const permissive = Type.Object({
  clients: Type.Array(Type.String(), { description: 'the `client_id` of each client that is permissive now' }),
  rules: Type.Array(rule)
})

/** `/lab/permissive`: what permissive mode lets pass, and for whom. */
export const permissiveRoutes: FastifyPluginAsyncTypebox = async app => {
  app.get('/lab/permissive', {
    schema: {
      tags: ['Clients'],
      summary: 'What permissive clients may do',
      description: 'A client whose field `permissive` is true gets what others are refused, as from a mock that says yes to ' +
        'everything. Each time, the ledger notes as a violation what was let pass. What is not listed here stays refused.',
      response: answers(permissive)
    }
  }, async ({ realm }) => ({
    clients: realm.clients.all.filter(client => client.permissive).map(client => client.client_id),
    rules: [...rules]
  }))
}
