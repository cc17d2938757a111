import { decodeJwt } from 'jose'
import t, { type Test } from 'tap'
import { startIdp, Visitor, type Idp } from '../helper.ts'
import type { RegisteredClient } from '../../../services/idp/clients.ts'
import { discover } from './helper.ts'

const request = { redirect_uris: ['https://app.example/callback'], client_name: 'Stranger' }

async function start (t: Test, realm?: string): Promise<Idp> {
  const root = await startIdp(t)
  const idp = realm === undefined ? root : await root.realm(realm)
  await idp.lab.settings.patch({ dynamic_client_registration: true })
  return idp
}

const register = async (idp: Idp, metadata: Record<string, unknown> = {}) =>
  await idp.app.inject({ method: 'POST', url: `${idp.base}/reg`, payload: { ...request, ...metadata } })

const manage = (
  idp: Idp,
  registered: Record<string, string>,
  method: 'GET' | 'PUT' | 'DELETE',
  payload?: object
) => idp.app.inject({
  method,
  url: new URL(registered['registration_client_uri']!).pathname,
  headers: { authorization: `Bearer ${registered['registration_access_token']}` },
  ...(payload && { payload })
})

t.test('registers nobody unless it is asked to, and does not announce it', async t => {
  const idp = await startIdp(t)
  const endpoints = [
    ['POST', '/reg'], ['GET', '/reg/relying-party'],
    ['PUT', '/reg/relying-party'], ['DELETE', '/reg/relying-party']
  ] as const
  for (const [method, url] of endpoints) {
    const response = await idp.app.inject({ method, url, ...(method === 'POST' && { payload: request }) })
    t.match([response.statusCode, response.json().error], [404, 'not_found'], `${method} ${url}`)
  }
  t.notOk('registration_endpoint' in await discover(idp))
  t.equal((await idp.lab.clients.list()).length, 2)
})

for (const realm of [undefined, 'harbour']) {
  t.test(`registers a client that can sign people in${realm ? ', in a realm' : ''}`, async t => {
    const idp = await start(t, realm)
    t.equal((await discover(idp))['registration_endpoint'], `${idp.issuer}/reg`)
    const response = await register(idp)
    t.equal(response.statusCode, 201)
    const client = response.json()
    t.match(client, {
      client_id: /^[0-9a-f-]{36}$/,
      client_secret: /^.{32,}$/,
      client_secret_expires_at: 0,
      client_id_issued_at: Number,
      registration_client_uri: `${idp.issuer}/reg/${client.client_id}`,
      registration_access_token: /^.{32,}$/
    })
    const stranger = { ...client, token_endpoint_auth_method: 'client_secret_basic' } as RegisteredClient
    const visitor = new Visitor(idp)
    const signIn = await visitor.open(idp.authorizationRequest(stranger))
    const consent = await visitor.submit(signIn, { username: 'alice', password: 'alice-lab' }, 'Sign in')
    t.equal(consent.$('h1').text(), 'Allow Stranger?')
    const { location } = await visitor.submit(consent, {}, 'Allow')
    const tokens = (await idp.redeem(stranger, location!.searchParams.get('code')!)).json()
    t.equal(decodeJwt(tokens.id_token).aud, client.client_id)
  })
}

t.test('gives nobody what only the lab may give', async t => {
  const idp = await start(t)
  const privileges = { first_party: true, permissive: true, refresh_token_with_session: true, id_token_claims: ['email'] }
  const client = (await register(idp, privileges)).json()
  for (const name of Object.keys(privileges)) t.notOk(name in client, name)
  // What an update must not repeat: https://www.rfc-editor.org/rfc/rfc7592#section-2.2
  const notSaid = ['registration_access_token', 'registration_client_uri', 'client_id_issued_at', 'client_secret_expires_at']
  const metadata = Object.fromEntries(Object.entries(client).filter(([name]) => !notSaid.includes(name)))
  const changed = await manage(idp, client, 'PUT', { ...metadata, ...privileges })
  t.equal(changed.statusCode, 200)
  for (const name of Object.keys(privileges)) t.notOk(name in changed.json(), name)

  await idp.lab.clients.patch(client.client_id, { first_party: true })
  await manage(idp, client, 'PUT', { ...metadata, first_party: false, client_name: 'Friend' })
  t.match(
    await idp.lab.clients.get(client.client_id),
    { first_party: true, client_name: 'Friend' },
    'nor takes what the lab gave'
  )
})

t.test('lets a client read, change and remove its registration, with its token alone', async t => {
  const idp = await start(t)
  const client = (await register(idp)).json()
  t.match((await manage(idp, client, 'GET')).json(), { client_id: client.client_id, client_name: 'Stranger' })
  const other = (await register(idp)).json()
  const foreign = { ...client, registration_access_token: other.registration_access_token }
  t.equal((await manage(idp, foreign, 'GET')).statusCode, 401)
  t.equal((await manage(idp, { ...client, registration_access_token: 'guessed' }, 'DELETE')).statusCode, 401)
  const own = {
    registration_client_uri: `${idp.config.issuer}/reg/relying-party`,
    registration_access_token: client.registration_access_token
  }
  t.equal((await manage(idp, own, 'GET')).statusCode, 401, 'not of a client of the lab')
})

t.test('forgets a client that removes itself', async t => {
  const idp = await start(t)
  const client = (await register(idp)).json()
  t.equal((await manage(idp, client, 'DELETE')).statusCode, 204)
  t.equal((await manage(idp, client, 'GET')).statusCode, 401)
  t.equal((await new Visitor(idp).open(idp.authorizationRequest(client))).$('.facts code').text(), 'invalid_client')
  t.equal((await idp.lab.clients.list()).length, 2)
})

const refused: [string, Record<string, unknown>, string][] = [
  ['no redirect URI', { redirect_uris: [] }, 'invalid_redirect_uri'],
  ['a redirect URI with a fragment', { redirect_uris: ['https://app.example/#x'] }, 'invalid_redirect_uri'],
  ['a script for a redirect URI', { redirect_uris: ['javascript:alert(1)'], application_type: 'native' }, 'invalid_redirect_uri'],
  ['a redirect URI that a header would take for two', { redirect_uris: ['https://a;sandbox/'] }, 'invalid_redirect_uri'],
  ['a post-logout redirect URI of that kind', { post_logout_redirect_uris: ["https://a'b/"] }, 'invalid_client_metadata'],
  ['a frame of somebody else\'s', { frontchannel_logout_uri: 'https://bank.example/' }, 'invalid_client_metadata'],
  ['the implicit grant', { grant_types: ['implicit'], response_types: ['id_token'] }, 'invalid_client_metadata'],
  ['a scope that there is not', { scope: 'openid admin' }, 'invalid_client_metadata'],
  ['request objects that nobody could check', { require_signed_request_object: true }, 'invalid_client_metadata'],
  ['ID tokens without a signature', { id_token_signed_response_alg: 'none' }, 'invalid_client_metadata']
]
for (const [label, metadata, error] of refused) {
  t.test(`registers no client with ${label}`, async t => {
    const idp = await start(t)
    const response = await register(idp, metadata)
    t.match([response.statusCode, response.json().error], [400, error])
    t.equal((await idp.lab.clients.list()).length, 2)
    t.equal((await idp.app.inject('/')).statusCode, 200, 'pages go on')
  })
}

t.test('takes OAuth\'s words for what a client has to use', async t => {
  const idp = await start(t)
  const { client_id: id } = (await register(idp, {
    require_pushed_authorization_requests: true, dpop_bound_access_tokens: true
  })).json()
  const client = await idp.lab.clients.get(id)
  t.match(client, { pushed_authorization_requests: 'required', dpop: 'required', request_objects: 'off' })
  const { location } = await new Visitor(idp).open(idp.authorizationRequest(client))
  t.match(location?.searchParams.get('error_description'), 'Pushed Authorization Request must be used')
  await idp.lab.clients.patch(id, { pushed_authorization_requests: 'off' })
  t.equal(
    (await new Visitor(idp).open(idp.authorizationRequest(client))).$('#password').length,
    1,
    'and the lab has the last word'
  )
})

t.test('keeps them over a change of settings, and takes no more when it is switched off again', async t => {
  const idp = await start(t)
  const client = (await register(idp)).json()
  await idp.lab.settings.patch({ dynamic_client_registration: false })
  t.equal((await register(idp)).statusCode, 404)
  t.equal((await new Visitor(idp).open(idp.authorizationRequest(client))).$('#password').length, 1)
})

t.test('takes no more than 200 clients', async t => {
  const idp = await start(t)
  for (let count = 2; count < 200; count++) {
    const { statusCode } = await register(idp, { redirect_uris: [`https://app-${count}.example/callback`] })
    if (statusCode !== 201) t.fail(`number ${count} was answered ${statusCode}`)
  }
  const response = await register(idp)
  t.equal(response.statusCode, 403)
  t.match(response.json(), { error: 'access_denied', error_description: /200 clients/ })
  const page = await new Visitor(idp).open(idp.authorizationRequest(idp.relyingParty))
  const policy = String(page.headers.get('content-security-policy'))
  t.ok(policy.length < 12_000, `pages can still be sent, with a header of ${policy.length} characters`)
})
