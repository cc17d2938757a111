import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '#lib/validation/schema.ts'
import { KeyError, signingAlgorithms, type SigningKey } from '../state/issuer-keys.ts'
import { answers, conflictSchema, Conflict, noAnswer, notFound } from './answers.ts'

const alg = Type.Enum([...signingAlgorithms], { default: 'RS256', description: 'the signature algorithm' })
const params = Type.Object({ kid: Type.String({ minLength: 1, maxLength: 200, description: 'the key\'s `kid`' }) })
const key = Type.Object({
  kid: Type.String(),
  alg: Type.String(),
  stage: Type.Enum(['next', 'current', 'previous']),
  published: Type.Boolean({ description: 'whether it is in the JWK set' }),
  jwk: Type.Unknown({ type: 'object', additionalProperties: true, description: 'its public half, as the JWK set has it' })
})

const described = ({ kid, alg, stage, published, jwk }: SigningKey) => ({ kid, alg, stage, published, jwk: publicHalfOf(jwk) })

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
const publicHalfOf = (jwk: object) => Object.fromEntries(Object.entries(jwk).filter(([name]) => !privateMembers.includes(name)))

const tags = ['Keys']
const body = Type.Object({ alg: Type.Optional(alg) }, { additionalProperties: false, examples: [{ alg: 'RS256' }] })

/** `/lab/keys`: what ID tokens are signed with. */
export const keyRoutes: FastifyPluginAsyncTypebox = async app => {
  app.get('/lab/keys', {
    schema: {
      tags,
      summary: 'All keys',
      description: 'Those in use first. The private halves stay here.',
      response: answers(Type.Object({ keys: Type.Array(key) }))
    }
  }, async ({ realm }) => ({ keys: realm.keys.all.map(described) }))

  app.post('/lab/keys/rotate', {
    schema: {
      tags,
      summary: 'Rotate now',
      description: 'The next key, where one was published, or a new one signs from now on; the former stays ' +
        'published, so that what it has signed can be checked. Not idempotent: each call rotates.',
      body,
      response: answers(key)
    }
  }, async ({ realm, body }) => described(await realm.keys.rotate(body.alg ?? 'RS256')))

  app.put('/lab/keys/next', {
    schema: {
      tags,
      summary: 'Publish the next key before its use',
      description: 'It signs nothing until the next rotation. Idempotent: a key that is waiting is answered again.',
      body,
      response: answers(key)
    }
  }, async ({ realm, body }) => described(await realm.keys.publishNext(body.alg ?? 'RS256')))

  app.patch('/lab/keys/:kid', {
    schema: {
      tags,
      summary: 'Publish or unpublish a key',
      description: 'An unpublished key is not in the JWK set, although ID tokens may be signed with it. Idempotent.',
      params,
      body: Type.Object({ published: Type.Boolean() }, { additionalProperties: false, examples: [{ published: false }] }),
      response: answers(key)
    }
  }, async ({ realm, params: { kid }, body }) => {
    if (!realm.keys.find(kid)) throw notFound('key', kid, realm.keys.all.map(key => key.kid))
    if (body.published) await realm.keys.publish(kid)
    else await realm.keys.unpublish(kid)
    return described(realm.keys.find(kid)!)
  })

  app.delete('/lab/keys/:kid', {
    schema: {
      tags,
      summary: 'Retire a key',
      description: 'What it has signed is refused from then on. Not the key in use (409). Idempotent.',
      params,
      response: { ...noAnswer, ...conflictSchema }
    }
  }, async ({ realm, params: { kid } }, reply) => {
    try {
      if (realm.keys.find(kid)) await realm.keys.retire(kid)
    } catch (error) {
      if (error instanceof KeyError) throw new Conflict(`${error.message}.`)
      throw error
    }
    return reply.code(204).send(null)
  })

  app.delete('/lab/keys', {
    schema: { tags, summary: 'Put all keys back', description: 'To those of the first start. Idempotent.', response: noAnswer }
  }, async ({ realm }, reply) => {
    await realm.keys.reset()
    return reply.code(204).send(null)
  })
}
