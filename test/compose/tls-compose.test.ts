import { get } from 'node:http'
import t from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { serviceNames } from '../../services/embedded/app.ts'
import { firstInChromium, flowsBehindCaddy } from '../flows/flows.ts'
import { noCompose, runDocker, startComposeLabBehindTls } from '../helpers/compose-lab.ts'
import { urlsOf } from '../helpers/lab.ts'
import { runFlows } from '../helpers/run-flows.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { noCertutil, trustLab } from '../helpers/trust-lab.ts'

const reason = await noCompose() ?? noCertutil()
if (reason) {
  t.test('the flows in Compose behind TLS', { skip: reason }, async () => {})
} else {
  const lab = await startComposeLabBehindTls(t)
  trustLab(t, { ...lab.environment, STATE_DIR: temporaryFolder(t) })

  t.test('every host is there by https, tells browsers to stay with it, and its service by itself cannot be reached', async t => {
    for (const [service, url] of Object.entries(urlsOf(lab))) {
      const { headers } = await fetch(url, { redirect: 'manual' })
      t.equal(headers.get('strict-transport-security'), 'max-age=600; includeSubDomains', service)
      t.equal(headers.get('alt-svc'), null, 'nothing of a port that is not published')
    }
    for (const service of serviceNames) {
      const { NetworkSettings } = await lab.inspect(service)
      t.strictSame(Object.values(NetworkSettings.Ports).flatMap(ports => ports ?? []), [], service)
    }
  })

  t.test('http leads to https', async t => {
    const address = runDocker('compose', '-p', lab.environment['COMPOSE_PROJECT_NAME']!, 'port', 'caddy', '80')
    const location = await new Promise(resolve => get(`http://${address}/?here`, { headers: { host: 'app.localhost' } }, ({ headers }) => resolve(headers.location)))
    t.equal(location, `${lab.app}/?here`)
  })

  t.test('sign-ins are counted by who makes them, and not by what they say of themselves', async t => {
    const left = async (from: string) => Number((await fetch(`${lab.app}/login`, { redirect: 'manual', headers: { 'x-forwarded-for': from } })).headers.get('x-ratelimit-remaining'))
    const first = await left('203.0.113.1')
    t.equal(await left('203.0.113.2'), first - 1)
  })

  await runFlows(t, lab, { inChromium: firstInChromium, sideBySide: flowsBehindCaddy }, 4)
}
