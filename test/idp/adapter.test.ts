import type { Adapter } from 'oidc-provider'
import t, { type Test } from 'tap'
import { openStore } from '#lib/store.ts'
import { storeAdapter } from '../../services/idp/adapter.ts'
import type { RegisteredClient } from '../../services/idp/clients.ts'
import { Directory } from '../../services/idp/directory.ts'

// Whether two requests at the same instant meet between reading a code and marking it is a matter of luck, so this
// drives oidc-provider's side of the adapter itself.
async function open (t: Test) {
  const store = openStore(':memory:')
  t.teardown(() => store.close())
  const clients = await Directory.open(store, {
    name: 'client', lab: true, seed: [] as RegisteredClient[], keyOf: ({ client_id: id }) => id
  })
  const adapter = storeAdapter(store, clients)
  const model = (name: string) => (adapter as (name: string) => Adapter)(name)
  return {
    codes: model('AuthorizationCode'),
    accessTokens: model('AccessToken'),
    refreshTokens: model('RefreshToken'),
    grants: model('Grant'),
    sessions: model('Session')
  }
}

const inAMinute = () => Math.floor(Date.now() / 1000) + 60

for (const kind of ['codes', 'refreshTokens'] as const) {
  t.test(`of several who use one of the ${kind} at once, lets one and takes the grant back`, async t => {
    const { [kind]: entries, grants } = await open(t)
    await grants.upsert('grant-1', { accountId: 'alice' }, 60)
    await entries.upsert('once', { grantId: 'grant-1', exp: inAMinute() }, 60)

    const found = await Promise.all([1, 2, 3].map(() => entries.find('once')))
    t.same(found.map(payload => payload?.consumed), [undefined, undefined, undefined], 'all have read it before one marks it')
    const results = await Promise.allSettled([1, 2, 3].map(() => entries.consume('once')))
    t.same(results.map(({ status }) => status), ['fulfilled', 'rejected', 'rejected'])
    t.match(results[1], { reason: { error: 'invalid_grant' } })
    t.equal(await grants.find('grant-1'), undefined)
  })
}

t.test('remembers that a code was used, and when', async t => {
  const { codes } = await open(t)
  await codes.upsert('once', { grantId: 'grant-1', exp: inAMinute() }, 60)
  await codes.consume('once')
  t.match(await codes.find('once'), { grantId: 'grant-1', consumed: Number })
})

t.test('keeps the grant of a code that is used once', async t => {
  const { codes, grants } = await open(t)
  await grants.upsert('grant-1', { accountId: 'alice' }, 60)
  await codes.upsert('once', { grantId: 'grant-1', exp: inAMinute() }, 60)
  await codes.consume('once')
  t.match(await grants.find('grant-1'), { accountId: 'alice' })
})

t.test('forgets all that came of a grant, and nothing else', async t => {
  const { accessTokens, refreshTokens } = await open(t)
  await accessTokens.upsert('a', { grantId: 'grant-1' }, 60)
  await accessTokens.upsert('b', { grantId: 'grant-2' }, 60)
  await refreshTokens.upsert('c', { grantId: 'grant-1' }, 60)
  await accessTokens.revokeByGrantId('grant-1')
  await refreshTokens.revokeByGrantId('grant-1')
  t.same([await accessTokens.find('a'), await refreshTokens.find('c')], [undefined, undefined])
  t.match(await accessTokens.find('b'), { grantId: 'grant-2' })
})

t.test('finds a session by its uid, until it is destroyed', async t => {
  const { sessions } = await open(t)
  await sessions.upsert('jti', { uid: 'the-uid', accountId: 'alice' }, 60)
  t.match(await sessions.findByUid('the-uid'), { accountId: 'alice' })
  await sessions.destroy('jti')
  t.equal(await sessions.findByUid('the-uid'), undefined)
})
