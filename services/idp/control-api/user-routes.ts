import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type, type Static } from '#lib/validation/schema.ts'
import type { Accounts } from '../accounts/accounts.ts'
import { anyClaims, withDefaults, userFields, usernameInWords, usernameKey, usernamePattern, type User } from '../accounts/users.ts'
import type { Realm } from '../realm/realm.ts'
import { answers, changesOf, checkAgainstPath, conflictSchema, Conflict, noAnswer, notFound } from './answers.ts'

const params = Type.Object({
  username: Type.String({ pattern: usernamePattern, description: usernameInWords, examples: ['zoe'] })
})

const fields = changesOf({ username: Type.String({ description: 'as in the path' }), ...userFields, claims: anyClaims }, {
  examples: [{ sign_in_by_hint: true, claims: { name: 'Zoe Zimmer', email: 'zoe@example.org', groups: ['staff'] } }]
})

const user = Type.Object({ username: Type.String(), ...userFields, claims: Type.Record(Type.String(), Type.Unknown()) })

/** What a `PUT` of a user takes; what it leaves out gets a value that does. */
export type UserFields = Static<typeof fields>

const tags = ['Users']

/** `/lab/users`: who can sign in, and as whom. */
export const userRoutes: FastifyPluginAsyncTypebox = async app => {
  app.get('/lab/users', {
    schema: {
      tags,
      summary: 'All users',
      description: 'With their passwords and claims.',
      response: answers(Type.Object({ users: Type.Array(user) }))
    }
  }, async ({ realm }) => ({ users: [...realm.accounts.all] }))

  app.get('/lab/users/:username', {
    schema: { tags, summary: 'One user', params, response: answers(user) }
  }, async ({ realm, params }) => existing(realm, params.username))

  app.put('/lab/users/:username', {
    schema: {
      tags,
      summary: 'Add a user, or replace one',
      description: 'What is left out gets a value: the password is `<user name>-lab`, `sub` follows from the name, ' +
        'and there are no claims. So `{}` is enough for somebody who can sign in, and what a GET answers can be sent back. Idempotent.',
      params,
      body: fields,
      response: { ...answers(user), ...conflictSchema }
    }
  }, async ({ realm: { accounts }, params, body: { username: said, ...body } }) => {
    const username = accounts.named(params.username)?.username ?? params.username
    checkAgainstPath('username', said, username)
    return await put(accounts, withDefaults({ username, ...body }))
  })

  app.patch('/lab/users/:username', {
    schema: {
      tags,
      summary: 'Change a user',
      description: 'What is left out stays. `claims` are merged claim by claim, each replaced as a whole, ' +
        'and `null` takes one away; so are those of each client in `client_claims`, where `null` stays and says that the ' +
        'client does not get the claim. What was issued before stays as it is; userinfo tells the new claims at once. ' +
        'Idempotent.',
      params,
      body: fields,
      response: { ...answers(user), ...conflictSchema }
    }
  }, async ({ realm, params, body: { username, claims, client_claims: clientClaims, ...body } }) => {
    const before = existing(realm, params.username)
    checkAgainstPath('username', username, before.username)
    const forClients = Object.entries(clientClaims ?? {})
      .map(([client, claims]) => [client, { ...before.client_claims[client], ...claims }])
    return await put(realm.accounts, {
      ...before,
      ...body,
      claims: Object.fromEntries(Object.entries({ ...before.claims, ...claims }).filter(([, value]) => value !== null)),
      client_claims: { ...before.client_claims, ...Object.fromEntries(forClients) }
    })
  })

  app.delete('/lab/users/:username', {
    schema: {
      tags,
      summary: 'Remove a user',
      description: 'Whoever is signed in as them is no more. Idempotent.',
      params,
      response: noAnswer
    }
  }, async ({ realm, params }, reply) => {
    await realm.accounts.remove(params.username)
    return reply.code(204).send(null)
  })

  for (const [action, disabled] of [['disable', true], ['enable', false]] as const) {
    app.put(`/lab/users/:username/${action}`, {
      schema: {
        tags,
        summary: disabled ? 'Disable a user' : 'Enable a user',
        description: disabled
          ? 'They cannot sign in, and neither refresh nor userinfo answers for them any more. Idempotent.'
          : 'What was refused while they were disabled works again, as far as it has not expired. Idempotent.',
        params,
        response: answers(user)
      }
    }, async ({ realm, params }) => await put(realm.accounts, { ...existing(realm, params.username), disabled }))
  }

  app.delete('/lab/users', {
    schema: {
      tags,
      summary: 'Put all users back',
      description: 'To those of the lab, or those that the realm was made with. Idempotent.',
      response: noAnswer
    }
  }, async ({ realm }, reply) => {
    await realm.accounts.reset()
    return reply.code(204).send(null)
  })
}

function existing ({ accounts }: Realm, username: string): User {
  const user = accounts.named(username)
  if (!user) throw notFound('user', username, accounts.all.map(user => user.username))
  return user
}

async function put (accounts: Accounts, user: User): Promise<User> {
  const other = accounts.ofSub(user.sub)
  if (other && usernameKey(other.username) !== usernameKey(user.username)) throw new Conflict(`The sub ${user.sub} belongs to ${other.username}.`)
  await accounts.put(user)
  return user
}
