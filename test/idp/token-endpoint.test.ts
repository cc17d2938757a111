import t from 'tap'
import type { RegisteredClient } from '../../services/idp/clients.ts'
import { startIdp, type Idp, type Tokens } from './helper.ts'

t.test('gives tokens for a code to a client that authenticates as it is registered', async t => {
  const idp = await startIdp(t)
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
    const idp = await startIdp(t)
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
    const idp = await startIdp(t)
    for (const client of [idp.relyingParty, idp.genesys]) {
      const response = await idp.post('/token', client, {
        grant_type: 'authorization_code', code: 'a-code', redirect_uri: client.redirect_uris[0], code_verifier: 'v'.repeat(43)
      }, method)
      t.equal(response.json().error, 'invalid_grant', 'the code is wrong, the client is right')
    }
  })
}

t.test('refuses a client that does not authenticate', async t => {
  const idp = await startIdp(t)
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
    const idp = await startIdp(t)
    const response = await idp.redeem(idp.relyingParty, await idp.codeFor('alice'), changes)
    t.equal(response.statusCode, 400)
    t.equal(response.json().error, error)
    t.notOk('access_token' in response.json())
  })
}

t.test('refuses the code of another client', async t => {
  const idp = await startIdp(t)
  const code = await idp.codeFor('alice', idp.genesys)
  const response = await idp.redeem(idp.relyingParty, code, { redirect_uri: idp.genesys.redirect_uris[0] })
  t.equal(response.statusCode, 400)
  t.equal(response.json().error, 'invalid_grant')
})

t.test('refuses a code that was redeemed before, and takes back what was given for it', async t => {
  const idp = await startIdp(t)
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
  const idp = await startIdp(t)
  const code = await idp.codeFor('alice')
  const responses = await Promise.all([1, 2, 3, 4].map(() => idp.redeem(idp.relyingParty, code)))
  const tokens = responses.filter(({ statusCode }) => statusCode === 200).map(response => response.json() as Tokens)
  t.ok(tokens.length <= 1, `${tokens.length} succeeded`)
  for (const response of responses.filter(({ statusCode }) => statusCode !== 200)) t.equal(response.json().error, 'invalid_grant')
  for (const { access_token: accessToken } of tokens) t.equal((await idp.userinfo(accessToken)).statusCode, 401)
})

t.test('leaves a code of one sign-in alone when that of another is replayed', async t => {
  const idp = await startIdp(t)
  const other = await idp.tokensFor('bob')
  const code = await idp.codeFor('alice')
  await idp.redeem(idp.relyingParty, code)
  await idp.redeem(idp.relyingParty, code)
  t.equal((await idp.userinfo(other.access_token)).statusCode, 200)
})
