import t from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { loadConsoleConfig } from '../../services/console/config.ts'
import { buildConsole } from '../../services/console/app.ts'
import { createControlApiClient } from '../../services/idp/control-api/control-api-client.ts'
import { ConsoleApi } from '../helpers/console.ts'
import { freePorts, labSettings } from '../helpers/lab.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { until } from '../helpers/until.ts'
import { startIdp } from '../idp/helper.ts'

// As those of Auth0 do.
const ports = await freePorts()
const issuer = `http://idp.localhost:${ports.IDP_PORT}/`
const settings = { ...ports, IDP_ISSUER: issuer, STATE_DIR: temporaryFolder(t), LOG_LEVEL: 'silent', LOG_FORMAT: 'json' }
const idp = await startIdp(t, settings)
const asked: string[] = []
idp.app.server.on('request', ({ url }: { url: string }) => { asked.push(url) })
await idp.app.listen({ host: '127.0.0.1', port: Number(ports.IDP_PORT) })
const config = loadConsoleConfig(labSettings(settings))
const console = await buildConsole(config)
t.teardown(() => console.close())
await console.listen({ host: '127.0.0.1', port: config.port })
const lab = createControlApiClient(issuer)
const live = new ConsoleApi({ console: config.url })

t.test('of a provider whose issuer ends in a slash the console asks nothing at an address with two', async t => {
  await until('it is reached', async () => (await live.running()).services['idp'] === true)
  const realm = await lab.realms.put('red')
  t.equal(realm.issuer, `${issuer}realms/red`)
  t.equal((await fetch(`${realm.issuer}/.well-known/openid-configuration`)).status, 200)
  await until('the realm is followed', async () => (await live.running()).realms.some(({ name }) => name === 'red'))
  await fetch(`${issuer}auth?client_id=nobody`)
  const { id } = await live.latest('the request', ({ endpoints }) => endpoints.includes('authorization'))
  await live.journey(id)

  const signIn = await fetch(`${config.url}/sign-in?username=alice`, { redirect: 'manual', headers: { 'sec-fetch-site': 'same-origin' } })
  t.match(signIn.headers.get('location'), `${issuer}lab/sign-in-links/`)
  t.equal((await fetch(signIn.headers.get('location')!, { redirect: 'manual' })).status, 303)
  const page = await (await fetch(`${config.url}/`)).text()
  t.match(page, `href="${issuer}lab"`)
  t.ok(asked.length > 4)
  t.strictSame(asked.filter(url => url.includes('//')), [])
})
