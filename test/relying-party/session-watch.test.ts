import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { openStore } from '#lib/store.ts'
import { SessionWatch } from '../../services/relying-party/session-watch.ts'
import { Sessions } from '../../services/relying-party/sessions.ts'

const aSecond = 1000

/** Two processes on one store: somebody is signed in, and a page of theirs listens at the first. */
async function setUp (t: Test) {
  const file = `${t.testdir({})}/sessions.sqlite`
  const [here, elsewhere] = [0, 1].map(() => {
    const store = openStore(file)
    t.teardown(() => store.close())
    return new Sessions(store, { lifetime: 3600, idleLifetime: 3600 })
  })
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => mock.timers.reset())
  const watch = new SessionWatch(here!)
  t.teardown(() => watch.close())
  const tokens = { accessToken: 'a', refreshToken: undefined, idToken: 'i', expiresAt: undefined }
  const { id } = await here!.start({ issuer: 'http://idp.localhost', user: { sub: 'ada' }, sid: undefined, tokens }, 'a browser')
  const told: string[] = []
  const end = new Promise<void>(resolve => { watch.watch(id, () => { told.push(id); resolve() }) })
  return { here: here!, elsewhere: elsewhere!, id, end, told }
}

t.test('a page is told at once of a session that ends in the process that it listens to', async t => {
  const { here, id, told } = await setUp(t)
  await here.end(id, 'signed_out')
  t.strictSame(told, [id])
})

t.test('a page is told within a second of a session that ends in another process', async t => {
  const { elsewhere, id, end, told } = await setUp(t)
  await elsewhere.end(id, 'signed_out_at_provider')
  t.strictSame(told, [], 'nobody has looked yet')
  mock.timers.tick(aSecond)
  await end
  t.strictSame(told, [id], 'and once')
})
