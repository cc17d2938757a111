import t from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { loadConsoleConfig } from '../../services/console/config.ts'
import { buildConsole } from '../../services/console/app.ts'
import { freePorts, labSettings } from '../helpers/lab.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { startIdp } from '../idp/helper.ts'

const settings = { ...await freePorts(), STATE_DIR: temporaryFolder(t), LOG_LEVEL: 'silent', LOG_FORMAT: 'json' }
const idp = await startIdp(t, settings)
await idp.app.listen({ host: '127.0.0.1', port: Number(settings.IDP_PORT) })
const config = loadConsoleConfig(labSettings(settings))
const console = await buildConsole(config)
t.teardown(() => console.close())
await console.listen({ host: '127.0.0.1', port: config.port })

async function follow (username: string, headers: Record<string, string> = { 'sec-fetch-site': 'same-origin' }) {
  const response = await fetch(`${config.url}/sign-in?${new URLSearchParams({ username })}`, { redirect: 'manual', headers })
  return { status: response.status, location: response.headers.get('location'), text: await response.text() }
}

t.test('in a realm that no application of the lab uses nobody is signed in, least of all elsewhere', async t => {
  const response = await fetch(`${config.url}/sign-in?username=alice&realm=red`, { redirect: 'manual', headers: { 'sec-fetch-site': 'same-origin' } })
  t.equal(response.status, 400)
  t.match(await response.text(), 'No application of the lab uses the realm “red”.')
})

t.test('who is to be signed in is led through the provider to where the application begins its sign-in', async t => {
  const { status, location } = await follow('alice')
  t.equal(status, 303)
  t.match(location, `${config.issuer}/lab/sign-in-links/`)
  const next = await fetch(location!, { redirect: 'manual' })
  t.equal(next.headers.get('location'), `${config.app}/login`)
  t.match(next.headers.getSetCookie().join(), /^_session=/)
})

t.test('where there is nothing, the console says so as it says whatever else is wrong', async t => {
  const response = await fetch(`${config.url}/nothing?here=1`)
  t.equal(response.status, 404)
  t.strictSame(await response.json(), { error: 'not_found', error_description: 'there is nothing at /nothing' })
})

t.test('a page of another site signs nobody in', async t => {
  t.match(await follow('alice', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }), { status: 403, location: null })
})

t.test('who cannot be signed in is told so on a page, as text', async t => {
  t.match(await follow('frida'), { status: 409, text: /<h1><bdi>frida<\/bdi> is not signed in<\/h1>\s*<p>frida is disabled/ })
  t.match(await follow('<b>'), { status: 404, text: /<bdi>&lt;b&gt;<\/bdi>/ })
  await idp.app.close()
  t.match(await follow('alice'), { status: 502, text: /The identity provider does not answer at/ })
})
