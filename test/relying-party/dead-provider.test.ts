import { createServer, type Socket } from 'node:net'
import { once } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t, { type Test } from 'tap'
import { buildAlone, buildWithIdp } from './helper.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const visitors = 100

/** A port where connections are taken and nothing is ever said. */
async function listenInSilence (t: Test) {
  const sockets = new Set<Socket>()
  const server = createServer(socket => { sockets.add(socket.resume().on('error', () => {}).on('close', () => sockets.delete(socket))) })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as { port: number }).port, sockets }
}

t.test('a provider that takes connections and says nothing keeps nobody waiting for ever', async t => {
  const silence = await listenInSilence(t)
  const { tab } = await buildAlone(t, { IDP_ISSUER: `http://127.0.0.1:${silence.port}`, OIDC_TIMEOUT: '1' })
  const pages = await Promise.all(Array.from({ length: visitors }, () => tab().get('/login')))
  for (const { status, headers, $ } of pages) {
    t.equal(status, 503)
    t.match(headers['retry-after'], /^\d+$/)
    t.equal($('dl code').text(), 'provider_unavailable')
  }
  t.ok(silence.sockets.size <= 1, 'they have asked together')
})

t.test('a token endpoint that says nothing costs the attempt and nothing else', async t => {
  const { idp, tab, config } = await buildWithIdp(t, { OIDC_TIMEOUT: '1', SIGN_IN_RATE_LIMIT: '1000' })
  const { clientId: client } = config.oidc
  await idp.lab.faults.switchOn('token-endpoint-timeout', { client, parameters: { seconds: 300 } })

  async function wave () {
    const answers = await Promise.all(Array.from({ length: 20 }, () => tab().signIn(idp, 'alice')))
    t.same(new Set(answers.map(({ status }) => status)), new Set([503]))
    t.same(new Set(answers.map(({ $ }) => $('dl code').text())), new Set(['provider_unavailable']))
    collectGarbage()
    return process.memoryUsage().heapUsed
  }
  // The first ones compile and fill caches.
  await wave()
  const before = await wave()
  for (let waves = 0; waves < 4; waves++) await wave()
  const grown = (await wave()) - before
  t.ok(grown < 8_000_000, `the heap of both has grown by ${Math.round(grown / 1000)} kB in a hundred sign-ins`)

  await idp.lab.faults.switchOff('token-endpoint-timeout', { client })
  t.equal((await tab().signIn(idp, 'alice')).status, 303, 'and the next honest one works')
})
