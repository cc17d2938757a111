import { randomInt } from 'node:crypto'
import t from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { createControlApiClient } from '../../services/idp/control-api/control-api-client.ts'
import { firstInChromium, flowsAlone, flowsSideBySide, flowsWithFaults } from '../flows/flows.ts'
import { inBatches } from '../helpers/batches.ts'
import { Browser, credentialsOf } from '../helpers/browser.ts'
import { noCompose, runDocker, startComposeLabOfReplicas } from '../helpers/compose-lab.ts'
import { runFlows } from '../helpers/run-flows.ts'
import { until } from '../helpers/until.ts'

const signIns = 200
const atOnce = 40

const reason = await noCompose()
if (reason) {
  t.test('the flows on three replicas of each service', { skip: reason }, async () => {})
} else {
  const lab = await startComposeLabOfReplicas(t)
  const project = lab.environment['COMPOSE_PROJECT_NAME']!
  const provider = createControlApiClient(lab.issuer)

  t.test('requests for one address come to each replica in turn, and every response says to which', async t => {
    const replicas = new Set<string | null>()
    for (let times = 0; times < 6; times++) replicas.add((await fetch(`${lab.issuer}/jwks`)).headers.get('x-replica'))
    t.equal(replicas.size, 3)
  })

  t.test('one sign-in goes through three replicas of the provider: one for the request, one for the token, one for who it is', async t => {
    await until('the three requests of one sign-in came to three replicas', async () => {
      const since = new Date().toISOString()
      const browser = new Browser(lab)
      const page = await browser.openSignIn()
      // A sign-in has always as many requests: in turns alone, two of these could come to the same replica each time.
      for (let others = randomInt(3); others > 0; others--) await fetch(`${lab.issuer}/jwks`)
      await browser.submit(page, credentialsOf(lab.user('alice')))
      t.equal((await browser.session()).authenticated, true)
      const logged = runDocker('compose', '-p', project, 'logs', '--no-color', '--since', since, 'idp')
      const replicaOf = (path: string) => logged.split('\n').find(line => line.includes(path))?.split(' ', 1)[0]
      return new Set(['/auth?', '/token', '/me'].map(replicaOf)).size === 3
    }, 60_000)
  })

  t.test(`of ${signIns} people who sign in at once, exactly one meets a fault that is to be met once`, async t => {
    const person = await provider.users.put('crowd', { sign_in_by_hint: true })
    await provider.faults.switchOn('id-token-invalid-nonce', { client_id: lab.settings['OIDC_CLIENT_ID']!, count: 1 })
    t.teardown(() => provider.users.remove('crowd'))
    const query = new URLSearchParams({ iss: lab.issuer, login_hint: person.username })
    const browsers = Array.from({ length: signIns }, () => new Browser(lab))
    await inBatches(browsers, atOnce, browser => browser.open(`${lab.app}/login/initiate?${query}`))
    const sessions = await inBatches(browsers, atOnce, browser => browser.session())
    t.equal(sessions.filter(({ authenticated }) => !authenticated).length, 1)
    t.strictSame(await provider.faults.active(), [])
  })

  await runFlows(t, lab, { inChromium: firstInChromium, sideBySide: flowsSideBySide, alone: { ...flowsAlone, ...flowsWithFaults } }, 3)
}
