import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { RegisteredClient } from '../../../services/idp/clients/registered-clients.ts'
import { stopClock } from '../../helpers/clock.ts'
import { startIdp, Visitor, type Idp, type Tokens } from '../helper.ts'

const idp = await startIdp(t)

t.test('gives tokens for a code to a client that authenticates as it is registered', async t => {
  for (const client of [idp.relyingParty, idp.genesys]) {
    const response = await idp.redeem(client, await idp.codeFor('alice', client))
    t.equal(response.statusCode, 200, client.token_endpoint_auth_method)
    t.match(response.json(), { access_token: /./, id_token: /^.+\..+\..+$/, token_type: 'Bearer', expires_in: 900 })
    t.equal(response.headers['cache-control'], 'no-store')
  }
})

const credentials: [string, (idp: Idp) => [RegisteredClient | undefined, string?]][] = [
  ['a wrong secret', idp => [{ ...idp.relyingParty, client_secret: 'not-the-secret-of-anybody' }]],
  ['a wrong secret in the form', idp => [{ ...idp.genesys, client_secret: 'not-the-secret-of-anybody' }]],
  ['the secret of another client', idp => [{ ...idp.relyingParty, client_secret: idp.genesys.client_secret! }]],
  ['an unknown client', idp => [{ ...idp.relyingParty, client_id: 'stranger' }]]
]
for (const [label, who] of credentials) {
  t.test(`refuses ${label}`, async t => {
    const [client, method] = who(idp)
    const response = await idp.post('/token', client, {
      grant_type: 'authorization_code', code: 'a-code', redirect_uri: client?.redirect_uris[0], code_verifier: 'v'.repeat(43)
    }, method as RegisteredClient['token_endpoint_auth_method'])
    t.equal(response.statusCode, 401)
    t.equal(response.json().error, 'invalid_client')
  })
}

for (const method of ['client_secret_basic', 'client_secret_post'] as const) {
  t.test(`takes the right secret by ${method} from either client`, async t => {
    for (const client of [idp.relyingParty, idp.genesys]) {
      const response = await idp.post('/token', client, {
        grant_type: 'authorization_code', code: 'a-code', redirect_uri: client.redirect_uris[0], code_verifier: 'v'.repeat(43)
      }, method)
      t.equal(response.json().error, 'invalid_grant', 'the code is wrong, the client is right')
    }
  })
}

t.test('refuses a client that does not authenticate', async t => {
  const response = await idp.post('/token', undefined, {
    grant_type: 'authorization_code', code: 'a-code', client_id: 'relying-party'
  })
  t.match(String(response.statusCode), /^40[01]$/)
  t.match(response.json().error, /^invalid_(client|request)$/)
})

const wrong: [string, Record<string, string | undefined>, string][] = [
  ['a wrong verifier', { code_verifier: 'another-code-verifier-that-is-long-enough-to-be-one' }, 'invalid_grant'],
  ['a verifier that is too short', { code_verifier: 'short' }, 'invalid_request'],
  ['no verifier', { code_verifier: undefined }, 'invalid_grant'],
  ['another redirect URI', { redirect_uri: 'http://app.localhost:3000/messenger/callback' }, 'invalid_grant'],
  ['a redirect URI with a slash more', { redirect_uri: 'http://app.localhost:3000/callback/' }, 'invalid_grant'],
  ['no redirect URI', { redirect_uri: undefined }, 'invalid_request'],
  ['a code that there is not', { code: 'made-up' }, 'invalid_grant'],
  ['no code', { code: undefined }, 'invalid_request'],
  ['the password grant', { grant_type: 'password', username: 'alice', password: 'alice-lab' }, 'unsupported_grant_type'],
  ['the client credentials grant', { grant_type: 'client_credentials' }, 'unsupported_grant_type'],
  ['no grant type', { grant_type: undefined }, 'invalid_request']
]
for (const [label, changes, error] of wrong) {
  t.test(`refuses to redeem with ${label}`, async t => {
    const response = await idp.redeem(idp.relyingParty, await idp.codeFor('alice'), changes)
    t.equal(response.statusCode, 400)
    t.equal(response.json().error, error)
    t.notOk('access_token' in response.json())
  })
}

t.test('refuses the code of another client', async t => {
  const code = await idp.codeFor('alice', idp.genesys)
  const response = await idp.redeem(idp.relyingParty, code, { redirect_uri: idp.genesys.redirect_uris[0] })
  t.equal(response.statusCode, 400)
  t.equal(response.json().error, 'invalid_grant')
})

t.test('refuses a code that was redeemed before, and takes back what was given for it', async t => {
  const code = await idp.codeFor('alice', idp.relyingParty, idp.offline)
  const tokens = (await idp.redeem(idp.relyingParty, code)).json() as Tokens
  t.equal((await idp.userinfo(tokens.access_token)).statusCode, 200, 'before')

  const replay = await idp.redeem(idp.relyingParty, code)
  t.equal(replay.statusCode, 400)
  t.equal(replay.json().error, 'invalid_grant')
  t.equal((await idp.userinfo(tokens.access_token)).statusCode, 401, 'the access token')
  t.equal((await idp.refresh(idp.relyingParty, tokens.refresh_token!)).json().error, 'invalid_grant', 'the refresh token')
})

t.test('of redemptions at the same instant lets at most one succeed, and none keep what it got', async t => {
  const code = await idp.codeFor('alice')
  const responses = await Promise.all([1, 2, 3, 4].map(() => idp.redeem(idp.relyingParty, code)))
  const tokens = responses.filter(({ statusCode }) => statusCode === 200).map(response => response.json() as Tokens)
  t.ok(tokens.length <= 1, `${tokens.length} succeeded`)
  for (const response of responses.filter(({ statusCode }) => statusCode !== 200)) t.equal(response.json().error, 'invalid_grant')
  for (const { access_token: accessToken } of tokens) t.equal((await idp.userinfo(accessToken)).statusCode, 401)
})

t.test('leaves a code of one sign-in alone when that of another is replayed', async t => {
  const other = await idp.tokensFor('bob')
  const code = await idp.codeFor('alice')
  await idp.redeem(idp.relyingParty, code)
  await idp.redeem(idp.relyingParty, code)
  t.equal((await idp.userinfo(other.access_token)).statusCode, 200)
})

const refusal = async (
  t: Test,
  idp: Idp,
  code: string,
  changes: Record<string, string | undefined> = {},
  client = idp.relyingParty
) => {
  const response = await idp.redeem(client, code, changes)
  t.equal(response.json().error, 'invalid_grant')
  return response.json().error_description as string
}

const shop = {
  client_id: 'shop',
  client_name: 'Shop',
  client_uri: 'http://shop.localhost/',
  client_secret: 'lab-only-secret-of-the-shop',
  token_endpoint_auth_method: 'client_secret_basic',
  grant_types: ['authorization_code'],
  scope: 'openid profile email',
  first_party: true
}

async function startWithClient (t: Test, client: object) {
  const folder = t.testdir({ 'clients.yaml': JSON.stringify([client]) })
  const idp = await startIdp(t, { STATE_DIR: folder, CLIENTS_FILE: join(folder, 'clients.yaml') })
  return { idp, client: idp.config.clients[0]! }
}

const mistakes: [string, Record<string, string | undefined>, string][] = [
  [
    'a trailing slash too many',
    { redirect_uri: 'http://app.localhost:3000/callback/' },
    'redirect_uri has a trailing slash that the authorization request had not'
  ],
  [
    'another redirect URI',
    { redirect_uri: 'https://other.example/"ø\\' },
    'redirect_uri differs from that of the authorization request, which was http://app.localhost:3000/callback'
  ],
  ['another code verifier', { code_verifier: 'w'.repeat(43) }, 'code_verifier does not match the code_challenge'],
  ['no code verifier', { code_verifier: undefined }, 'code_verifier is missing'],
  [
    'a code that nobody issued',
    { code: 'made-up' },
    'there is no such code: it was not issued here, or it ended long ago, or with a sign-out'
  ]
]
for (const [label, changes, description] of mistakes) {
  t.test(`says to a client with ${label} why it is refused`, async t => {
    t.equal(await refusal(t, idp, await idp.codeFor('alice'), changes), description)
  })
}

t.test('says that a trailing slash is missing', async t => {
  const { idp, client } = await startWithClient(t, { ...shop, redirect_uris: ['http://shop.localhost/callback/'] })
  const code = await idp.codeFor('alice', client)
  t.equal(await refusal(t, idp, code, { redirect_uri: 'http://shop.localhost/callback' }, client),
    'redirect_uri lacks the trailing slash that the authorization request had')
})

t.test('says of a code that is replayed, each time, when it was redeemed', async t => {
  const later = stopClock(t)
  const realm = await idp.newRealm()
  const code = await realm.codeFor('alice')
  t.equal((await realm.redeem(realm.relyingParty, code)).statusCode, 200)
  t.equal(await refusal(t, realm, code), 'the code was redeemed 0 s ago, and a code works once')
  later(4)
  t.equal(await refusal(t, realm, code), 'the code was redeemed 4 s ago, and a code works once')
})

t.test('says that a code has expired, and still knows later', async t => {
  const later = stopClock(t)
  const realm = await idp.newRealm()
  const code = await realm.codeFor('alice')
  later(60)
  t.equal(await refusal(t, realm, code), 'the code has expired, 0 s ago')
  later(600 - 1)
  t.equal(await refusal(t, realm, code), 'the code has expired, 599 s ago')
})

t.test('forgets a code some time after it has expired', async t => {
  const later = stopClock(t)
  const realm = await idp.newRealm()
  const code = await realm.codeFor('alice')
  later(60 + 600)
  t.match(await refusal(t, realm, code), /^there is no such code/)
})

t.test('says that a code was issued to another client, and to whom not', async t => {
  const code = await idp.codeFor('alice', idp.genesys)
  t.equal(await refusal(t, idp, code, { redirect_uri: idp.genesys.redirect_uris[0] }), 'the code was issued to another client')
})

t.test('says that a person has signed out with the code under way', async t => {
  const visitor = new Visitor(idp)
  const { location } = await visitor.signIn('alice')
  await visitor.submit(await visitor.open('/session/end'), {}, 'Sign out')
  t.match(await refusal(t, idp, location!.searchParams.get('code')!), /or with a sign-out$/)
})

t.test('says of a refresh token why it is refused', async t => {
  const { refresh_token: refreshToken } = await idp.tokensFor('alice', idp.genesys)
  const why = async (token: string, client = idp.genesys) => (await idp.refresh(client, token)).json().error_description as string

  t.equal(await why(refreshToken!, idp.relyingParty), 'the refresh token was issued to another client')
  t.match(await why('made-up'), /^there is no such refresh token any more/)
  const { refresh_token: next } = (await idp.refresh(idp.genesys, refreshToken!)).json() as Tokens
  t.match(await why(refreshToken!), /^the refresh token was used before and replaced by another/)
  t.match(await why(next!), /^there is no such refresh token any more/)
})

t.test('says nothing to a client that has not authenticated', async t => {
  const code = await idp.codeFor('alice')
  const stranger = { ...idp.relyingParty, client_secret: 'not-the-secret-of-anybody' }
  const response = await idp.redeem(stranger, code, { redirect_uri: 'http://app.localhost:3000/callback/' })
  t.strictSame(response.json(), { error: 'invalid_client', error_description: 'client authentication failed' })
})

t.test('uses no character that OAuth leaves out of a description', async t => {
  const { idp, client } = await startWithClient(t, { ...shop, redirect_uris: ['http://shop.localhost/callback?city=Malmö\\'] })
  const code = await idp.codeFor('alice', client)
  const description = await refusal(t, idp, code, { redirect_uri: 'http://shop.localhost/' }, client)
  t.match(description, /^redirect_uri differs .*Malm\?\?$/)
  t.match(description, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
})
