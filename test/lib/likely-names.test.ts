import t from 'tap'
import { adviceOn, likelyNames } from '#lib/validation/likely-names.ts'

const parameters = ['endpoint', 'client_id', 'username', 'session', 'since', 'secrets', 'timeout']

const slips: [string, string][] = [
  ['clinet_id', 'client_id'], ['endpont', 'endpoint'], ['timeouts', 'timeout'], ['Session', 'session'], ['userName', 'username'],
  ['clientId', 'client_id'], ['client-id', 'client_id'], ['client', 'client_id'], ['user', 'username'], ['name_of_session', 'session']
]
for (const [slip, meant] of slips) {
  t.test(`takes ${slip} for ${meant}`, async t => t.same(likelyNames(slip, parameters), [meant]))
}

t.test('offers several where it cannot tell, and none where nothing is alike', async t => {
  t.same(likelyNames('bod', ['bob', 'rod', 'alice']), ['bob', 'rod'])
  t.same(likelyNames('zz', parameters), [])
})

t.test('names everything there is, where that is little and nothing is alike', async t => {
  t.equal(adviceOn('clinet', ['client', 'status']), '; did you mean client?')
  t.equal(adviceOn('zz', ['client', 'status']), '; there are client, status')
  t.equal(adviceOn('zz', Array.from({ length: 100 }, (_, n) => `client-${n}`)), '')
  t.equal(adviceOn('zz', []), '')
})
