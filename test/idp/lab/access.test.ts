import t from 'tap'
import { startIdp, type Idp } from '../helper.ts'

const host = (idp: Idp) => new URL(idp.config.issuer).host
const ask = (idp: Idp, headers: Record<string, string>, method: 'GET' | 'DELETE' = 'GET', url = '/lab/users') =>
  idp.app.inject({ method, url, headers: { host: host(idp), ...headers } })

t.test('does not exist outside the lab', async t => {
  const idp = await startIdp(t, { LAB: 'false' })
  for (const url of ['/lab', '/lab/openapi.json', '/lab/users', '/lab/clock', '/realms/blue/jwks']) {
    t.equal((await ask(idp, {}, 'GET', url)).statusCode, 404, url)
  }
  t.equal((await ask(idp, {}, 'DELETE', '/lab')).statusCode, 404)
})

const fromElsewhere: [string, Record<string, string>][] = [
  ['a page of another origin', { origin: 'http://evil.example' }],
  ['a page of the application', { origin: 'http://app.localhost:3000' }],
  ['a page without an origin', { origin: 'null' }],
  ['another site', { 'sec-fetch-site': 'cross-site' }],
  ['another host of the same site', { 'sec-fetch-site': 'same-site' }],
  ['a name that was made to point here', { host: 'rebound.example' }]
]
for (const [label, headers] of fromElsewhere) {
  t.test(`refuses what a browser sends from ${label}`, async t => {
    const idp = await startIdp(t)
    await idp.lab.realms.make('blue')
    for (const url of ['/lab/users', '/lab/ledger', '/lab/openapi.json', '/realms/blue/lab/users']) {
      const response = await ask(idp, headers, 'GET', url)
      t.equal(response.statusCode, 403, url)
      t.match(response.json(), { error: 'access_denied', error_description: String })
    }
    t.equal((await ask(idp, headers, 'DELETE', '/lab')).statusCode, 403)
    t.equal((await idp.lab.realms.list()).length, 1, 'nothing was put back')
  })
}

t.test('lets its own page ask, and whoever is no browser', async t => {
  const idp = await startIdp(t)
  for (const headers of [{}, { origin: idp.config.issuer, 'sec-fetch-site': 'same-origin' }, { 'sec-fetch-site': 'none' }]) {
    t.equal((await ask(idp, headers as Record<string, string>)).statusCode, 200)
  }
})

t.test('allows no page to read an answer, and nobody to keep it', async t => {
  const idp = await startIdp(t)
  const { headers } = await ask(idp, {})
  t.equal(headers['access-control-allow-origin'], undefined)
  t.equal(headers['cache-control'], 'no-store')
})

t.test('answers a body that is no JSON, and a path that there is not, with an error in words', async t => {
  const idp = await startIdp(t)
  const broken = await idp.app.inject({
    method: 'PUT', url: '/lab/users/zoe', headers: { host: host(idp), 'content-type': 'application/json' }, payload: '{"about": '
  })
  t.equal(broken.statusCode, 400)
  t.match(broken.json(), { error: 'invalid_request', error_description: /JSON/ })
  const unknown = await ask(idp, {}, 'GET', '/lab/user')
  t.equal(unknown.statusCode, 404)
  t.match(unknown.json(), { error: 'not_found', error_description: /\/lab\/user/ })
})
