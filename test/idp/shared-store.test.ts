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
