// Several replicas of the identity provider on one store.
import t from 'tap'
import { noValkey, startValkey } from '../helpers/valkey.ts'
import { startIdp } from './helper.ts'

const reason = await noValkey()
t.test('replicas that are asked at once for more realms than there may be make as many as that together', { skip: reason ?? false }, async t => {
  const { url } = await startValkey(t)
  const settings = { STORE_URL: url, MAX_REALMS: '3' }
  const replicas = await Promise.all([1, 2].map(() => startIdp(t, settings)))
  const made = await Promise.allSettled(['a', 'b', 'c', 'd', 'e', 'f'].map((name, n) => replicas[n % 2]!.lab.realms.put(name)))
  const refusals = made.flatMap(attempt => attempt.status === 'rejected' ? [(attempt.reason as Error).message] : [])
  t.equal(refusals.length, 3)
  for (const refusal of refusals) t.match(refusal, /3 realms already/)
  for (const { lab } of replicas) t.equal((await lab.realms.list()).length, 3)
})

t.test('a replica knows how often a fault will still be met, wherever it was met', { skip: reason ?? false }, async t => {
  const { url } = await startValkey(t)
  const [first, second] = await Promise.all([1, 2].map(() => startIdp(t, { STORE_URL: url })))
  await first!.lab.faults.switchOn('jwks-empty', { count: 2 })
  const remaining = async () => (await second!.lab.faults.active()).map(fault => fault.remaining)
  t.strictSame(await remaining(), [2])
  for (const left of [[1], []]) {
    t.strictSame((await first!.app.inject('/jwks')).json(), { keys: [] })
    t.strictSame(await remaining(), left)
  }
})

t.test('a client that registers itself at one replica is known at the other', { skip: reason ?? false }, async t => {
  const { url } = await startValkey(t)
  const [first, second] = await Promise.all([1, 2].map(() => startIdp(t, { STORE_URL: url })))
  await first!.lab.settings.patch({ dynamic_client_registration: true })
  const known = async () => (await second!.lab.clients.list()).length
  const before = await known()
  const response = await first!.app.inject({ method: 'POST', url: '/reg', payload: { redirect_uris: ['https://client.example/callback'] } })
  t.equal(response.statusCode, 201)
  t.equal(await known(), before + 1)
})
