import { join } from 'node:path'
import t, { type Test } from 'tap'
import { stopClock } from '../helpers/clock.ts'
import { startIdp, Visitor, type Idp, type Tokens } from './helper.ts'

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
    const idp = await startIdp(t)
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
  const idp = await startIdp(t)
  const code = await idp.codeFor('alice')
  t.equal((await idp.redeem(idp.relyingParty, code)).statusCode, 200)
  t.equal(await refusal(t, idp, code), 'the code was redeemed 0 s ago, and a code works once')
  later(4)
  t.equal(await refusal(t, idp, code), 'the code was redeemed 4 s ago, and a code works once')
})

t.test('says that a code has expired, and still knows later', async t => {
  const later = stopClock(t)
  const idp = await startIdp(t)
  const code = await idp.codeFor('alice')
  later(60)
  t.equal(await refusal(t, idp, code), 'the code has expired, 0 s ago')
  later(600 - 1)
  t.equal(await refusal(t, idp, code), 'the code has expired, 599 s ago')
})

t.test('forgets a code some time after it has expired', async t => {
  const later = stopClock(t)
  const idp = await startIdp(t)
  const code = await idp.codeFor('alice')
  later(60 + 600)
  t.match(await refusal(t, idp, code), /^there is no such code/)
})

t.test('says that a code was issued to another client, and to whom not', async t => {
  const idp = await startIdp(t)
  const code = await idp.codeFor('alice', idp.genesys)
  t.equal(await refusal(t, idp, code, { redirect_uri: idp.genesys.redirect_uris[0] }), 'the code was issued to another client')
})

t.test('says that a person has signed out with the code under way', async t => {
  const idp = await startIdp(t)
  const visitor = new Visitor(idp)
  const { location } = await visitor.signIn('alice')
  await visitor.submit(await visitor.open('/session/end'), {}, 'Sign out')
  t.match(await refusal(t, idp, location!.searchParams.get('code')!), /or with a sign-out$/)
})

t.test('says of a refresh token why it is refused', async t => {
  const idp = await startIdp(t)
  const { refresh_token: refreshToken } = await idp.tokensFor('alice', idp.genesys)
  const why = async (token: string, client = idp.genesys) => (await idp.refresh(client, token)).json().error_description as string

  t.equal(await why(refreshToken!, idp.relyingParty), 'the refresh token was issued to another client')
  t.match(await why('made-up'), /^there is no such refresh token any more/)
  const { refresh_token: next } = (await idp.refresh(idp.genesys, refreshToken!)).json() as Tokens
  t.match(await why(refreshToken!), /^the refresh token was used before and replaced by another/)
  t.match(await why(next!), /^there is no such refresh token any more/)
})

t.test('says nothing to a client that has not authenticated', async t => {
  const idp = await startIdp(t)
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
