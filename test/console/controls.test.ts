import t from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { loadConsoleConfig } from '../../services/console/config.ts'
import { buildConsole } from '../../services/console/app.ts'
import { sendBytes } from '../helpers/raw-http.ts'
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

/** As a script of the console's own page asks. */
const ofThePage = { origin: config.url, 'sec-fetch-site': 'same-origin', 'x-forwarded-host': 'elsewhere.example.com', cookie: 'a=b' }
const json = { 'content-type': 'application/json' }

async function ask (path: string, { headers = ofThePage as Record<string, string>, ...init }: { method?: string, body?: string, headers?: Record<string, string> } = {}) {
  const response = await fetch(config.url + path, { headers, ...init })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) as Record<string, unknown> }
}

t.test('what the page asks of the control API is answered by the identity provider, at the root and in a realm', async t => {
  const headers = { ...ofThePage, ...json }
  t.match(await ask('/lab/users/zoe', { method: 'PUT', body: '{ "claims": { "name": "Zoe" } }', headers }), { status: 200, body: { username: 'zoe' } })
  t.match(await ask('/lab/users/zoe', { method: 'PATCH', body: '{ "about": "new" }', headers }), { body: { about: 'new', claims: { name: 'Zoe' } } })
  t.equal((await idp.lab.users.get('zoe')).about, 'new')
  t.match(await ask('/lab/users/zoe', { method: 'DELETE' }), { status: 204, body: undefined })
  t.match(await ask('/lab/clock/advance', { method: 'POST', body: '{ "seconds": 0 }', headers }), { body: { offsetSeconds: 0 } })

  await idp.lab.realms.put('blue')
  await ask('/realms/blue/lab/faults/userinfo-invalid-sub', { method: 'PUT', body: '{ "count": 2 }', headers })
  t.match((await ask('/realms/blue/lab/faults/active')).body, { active: [{ fault: 'userinfo-invalid-sub', remaining: 2 }] })
  t.match((await ask('/lab/faults/active')).body, { active: [] })
})

t.test('what the identity provider refuses is refused in its own words', async t => {
  const { status, body, headers } = await ask('/lab/users/zo%20e', { method: 'PUT', body: '{ "claim": {} }', headers: { ...ofThePage, ...json } })
  t.equal(status, 400)
  t.match(body, { error: 'invalid_request', error_description: /username|claim/ })
  t.match(headers.get('content-security-policy'), /default-src 'none'/, 'under the policies of the console')
  t.match(await ask('/realms/none/lab/users'), { status: 404, body: { error: 'not_found' } })
  t.match(await ask('/lab/users/zoe', { method: 'PUT', body: 'a=b', headers: { ...ofThePage, 'content-type': 'application/x-www-form-urlencoded' } }), { status: 415 })
})

t.test('one call puts everything back', async t => {
  await idp.lab.faults.switchOn('id-token-invalid-nonce')
  t.match(await ask('/lab', { method: 'DELETE' }), { status: 200, body: { done: /^Users, clients/, services: {} } })
  t.strictSame(await idp.lab.faults.active(), [])
})

t.test('pages of other sites cannot change anything through the console', async t => {
  for (const headers of [{ ...ofThePage, origin: config.issuer }, { ...ofThePage, 'sec-fetch-site': 'cross-site' }]) {
    t.match(await ask('/lab/faults/id-token-invalid-nonce', { method: 'PUT', body: '{}', headers: { ...headers, ...json } }), { status: 403, body: { error: 'access_denied' } })
  }
  t.strictSame(await idp.lab.faults.active(), [])
})

t.test('nothing but the control API is within reach, however the path is written', async t => {
  const outside = ['/lab/../auth', '/lab/%2e%2e/auth', '/lab/.%2E/auth', '/lab/users/../../jwks', '/lab\\..\\jwks', '/realms/../lab/users', '/realms/%2e%2e/lab/users',
    '/realms/..%2f..%2fjwks/lab/users', '/lab/..%2fjwks', '/lab//jwks', '/lab/ledger/events', '/lab/ledger/%65vents', '/realms/blue/lab/ledger/events', '/lab/realm-events', '/lab', '/jwks', '/realms/blue/jwks',
    '/.well-known/openid-configuration', '/realms/blue/x/lab/users']
  for (const path of outside) {
    const { status } = await sendBytes(config.port, `GET ${path} HTTP/1.1\r\nhost: ${new URL(config.url).host}\r\nconnection: close\r\n\r\n`)
    t.equal(status, 404, path)
  }
})

t.test('without the identity provider the page is told so', async t => {
  await idp.app.close()
  t.match(await ask('/lab/users'), { status: 502, body: { error: 'temporarily_unavailable', error_description: `The identity provider does not answer at ${config.issuer}` } })
})
