// The console switches the brand and the deployment of the host page, at every service that shows them.
import t from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { createControlApiClient } from '../../services/idp/control-api/control-api-client.ts'
import { startEmbeddedLab } from '../helpers/embedded-lab.ts'

const lab = await startEmbeddedLab(t)
const { clients } = createControlApiClient(lab.issuer)

async function call (method: 'GET' | 'PATCH' | 'DELETE', body?: object, headers: Record<string, string> = {}) {
  const response = await fetch(`${lab.console}/host-page`, {
    method, headers: { ...body && { 'content-type': 'application/json' }, ...headers }, ...(body && { body: JSON.stringify(body) })
  })
  return { status: response.status, ...await response.json() as object }
}

/** What people see. */
async function shown () {
  const page = await (await fetch(lab.app)).text()
  const { deploymentId } = await (await fetch(`${lab.app}/messenger/config`)).json() as { deploymentId: string }
  const configuration = await (await fetch(`${lab.genesys}/webdeployments/v1/deployments/${deploymentId}/config.json`)).json() as {
    auth: { allowSessionUpgrade: boolean }, messenger: { styles: { primaryColor: string } }
  }
  return {
    title: /<title>([^–]*) –/.exec(page)![1],
    colour: configuration.messenger.styles.primaryColor,
    isStepUp: configuration.auth.allowSessionUpgrade,
    clients: (await clients.list()).map(({ client_name: name }) => name)
  }
}

const kayaks = await shown()

t.test('one call, and page, chat, sign-in and consent pages are those of the other brand', async t => {
  const [own] = await clients.list()
  const { client_id: _, ...fields } = own!
  await clients.put('of-somebody-else', { ...fields, client_name: 'Saltmarsh' })
  t.match(await call('PATCH', { brand: 'bank', deployment: 'step-up' }), {
    status: 200, brand: 'bank', deployment: 'step-up', services: { [lab.app]: 'switched', [lab.genesys]: 'switched', [lab.issuer]: 'switched' }
  })
  t.match(await call('GET'), { brand: 'bank', deployment: 'step-up', deployments: ['default', 'step-up', 'anonymous'] })
  t.strictSame(await shown(), { title: 'Marram Bank', colour: '#2b3f8c', isStepUp: true, clients: ['Marram Bank', 'Marram Bank chat', 'Saltmarsh'] })
  await clients.remove('of-somebody-else')
  t.match(await call('DELETE'), { status: 200, brand: 'kayaks', deployment: 'default' })
  t.strictSame(await shown(), kayaks)
})

t.test('the deployment alone is the page\'s, and no other service is asked', async t => {
  t.strictSame((await call('PATCH', { deployment: 'anonymous' }) as { services?: object }).services, { [lab.app]: 'switched' })
  await call('DELETE')
})

t.test('what there is not is refused with what was meant perhaps, and nothing is switched anywhere', async t => {
  t.match(await call('PATCH', { brand: 'bnak' }), { status: 400, error: 'invalid_request', error_description: 'brand: there is no brand bnak; did you mean bank?' })
  t.match(await call('PATCH', { colour: 'red' }), { status: 400, error_description: 'colour: there is no such name' })
  t.match(await call('PATCH', { brand: 'bank' }, { origin: 'http://evil.example' }), { status: 403 })
  t.strictSame(await shown(), kayaks)
})

t.test('everything that is put back is the host page, too', async t => {
  await call('PATCH', { brand: 'bank', deployment: 'anonymous' })
  await createControlApiClient(lab.issuer).reset()
  t.strictSame(await shown(), kayaks)
})

t.test('who is not reached is named, and the others are switched all the same', async t => {
  await lab.stop('genesys')
  t.match(await call('PATCH', { brand: 'bank' }), { status: 200, services: { [lab.app]: 'switched', [lab.genesys]: 'not reachable', [lab.issuer]: 'switched' } })
  await lab.start('genesys')
  await lab.stop('relying-party')
  t.match(await call('GET'), { status: 502, error_description: 'The application does not answer, or is no lab. Start it, and try again.' })
  t.match(await call('PATCH', { brand: 'bank' }), { status: 200, services: { [lab.app]: 'not reachable', [lab.genesys]: 'switched', [lab.issuer]: 'switched' } })
  await lab.start('relying-party')
  t.match(await shown(), { title: 'Marram Bank', colour: '#2b3f8c' })
})
