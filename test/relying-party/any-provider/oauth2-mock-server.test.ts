import { randomUUID } from 'node:crypto'
import { OAuth2Server } from 'oauth2-mock-server'
import t, { type Test } from 'tap'
import { listen, startBareProvider } from './bare-provider.ts'
import { Person } from './person.ts'
import { freeAddresses, startRelyingParty, type FreeAddresses } from './relying-party.ts'

type Prepare = (server: OAuth2Server) => void

/**
 * oauth2-mock-server as it comes: a provider that we did not write, where everybody is johndoe.
 *
 * It takes the `client_id` of a Basic header as it is, though that is form-encoded (`relying%2Dparty`), and makes it the
 * audience: so to it the credentials go in the form. https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
 */
async function startMock (t: Test, { ports, idp }: FreeAddresses, prepare: Prepare = () => {}) {
  const server = new OAuth2Server()
  await server.issuer.keys.generate('RS256')
  server.issuer.url = idp
  prepare(server)
  await listen(t, Number(ports.IDP_PORT), server.service.requestHandler)
}

async function startWithMock (t: Test, prepare?: Prepare) {
  const addresses = await freeAddresses()
  await startMock(t, addresses, prepare)
  return { ...await startRelyingParty(t, addresses, { OIDC_CLIENT_AUTH: 'client_secret_post' }), idp: addresses.idp }
}

t.test('signs in with oauth2-mock-server by settings alone, and asks it for the profile', async t => {
  const { origin, idp } = await startWithMock(t)
  const person = new Person(origin)
  const page = await person.signIn()
  t.equal(page.url.href, `${origin}/`, page.$('dl').text())
  t.equal(page.status, 200)
  t.match(await person.session(), { authenticated: true, user: { sub: 'johndoe' } })
  t.same(await person.profile(), { status: 200, body: { sub: 'johndoe' } })
  t.equal(person.visited.filter(url => url.startsWith(`${idp}/authorize`)).length, 2, 'one code for us, one for the Messenger')
})

t.test('signs out there too, and comes home', async t => {
  const { origin, idp } = await startWithMock(t)
  const person = new Person(origin)
  await person.signIn()
  const page = await person.signOut()
  t.equal(page.url.href, `${origin}/`)
  const asked = new URL(person.visited.find(url => url.startsWith(`${idp}/endsession`))!)
  t.equal(asked.searchParams.get('post_logout_redirect_uri'), `${origin}/logout/callback`)
  t.ok(asked.searchParams.get('id_token_hint'))
  t.match(await person.session(), { authenticated: false })
})

t.test('refreshes with it when the access token has run out, and uses the new one', async t => {
  const grants: string[] = []
  const presented = new Set<string>()
  const { origin } = await startWithMock(t, ({ service }) => {
    service.on('beforeResponse', (response, request) => {
      grants.push(request.body.grant_type)
      if (request.body.grant_type === 'authorization_code') Object.assign(response.body, { expires_in: 1 })
    })
    // Without it, two tokens of the same second are the same.
    service.on('beforeTokenSigning', ({ payload }) => { payload['jti'] = randomUUID() })
    service.on('beforeUserinfo', (_response, request) => { presented.add(request.headers.authorization ?? '') })
  })
  const person = new Person(origin)
  await person.signIn()
  t.match(await person.profile(), { status: 200, body: { sub: 'johndoe' } })
  t.same(grants, ['authorization_code', 'refresh_token'])
  t.equal(presented.size, 2, 'userinfo got another access token than at the sign-in')
})

t.test('signs in with it beside another provider, each by its name', async t => {
  const [addresses, others] = [await freeAddresses(), await freeAddresses()]
  await startBareProvider(t, addresses)
  await startMock(t, others)
  const files = t.testdir({
    state: {},
    'providers.yaml': `
      - name: mock
        issuer: ${others.idp}
        client_id: of-the-mock
        client_secret: another-secret-for-this-test
        token_endpoint_auth_method: client_secret_post`
  })
  const { origin } = await startRelyingParty(t, addresses, {
    STATE_DIR: `${files}/state`, OIDC_PROVIDERS_FILE: `${files}/providers.yaml`
  })

  for (const [iss, sub] of [[others.idp, 'johndoe'], [addresses.idp, 'ada']] as const) {
    const person = new Person(origin)
    const page = await person.open(`/login?${new URLSearchParams({ iss })}`)
    t.equal(page.url.href, `${origin}/`, page.$('dl').text())
    t.match(await person.session(), { authenticated: true, user: { sub } })
    t.match(await person.profile(), { status: 200, body: { sub } })
    await person.signOut()
    t.ok(person.visited.some(url => url.startsWith(iss) && url.includes('post_logout_redirect_uri=')), 'and out there too')
  }
})

t.test('refuses what it can be told to get wrong, keeps nothing, and signs in again when it is right', async t => {
  let isWrong = true
  const { origin } = await startWithMock(t, ({ service }) => {
    service.on('beforeTokenSigning', ({ payload }) => {
      if (isWrong && 'nonce' in payload) payload['nonce'] = 'of-another-sign-in'
    })
  })
  const person = new Person(origin)
  const page = await person.signIn()
  t.equal(page.status, 400)
  t.equal(page.url.pathname, '/callback')
  t.match(await person.session(), { authenticated: false })
  isWrong = false
  await person.signIn()
  t.match(await person.session(), { authenticated: true })
})
