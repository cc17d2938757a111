import { decodeJwt } from 'jose'
import t from 'tap'
import type { RegisteredClient } from '../../../services/idp/clients.ts'
import { startIdp, Visitor, type Idp, type Tokens } from '../helper.ts'
import { checkTokens, letPass, realmWithClients } from './helper.ts'

const idp = await startIdp(t)

type Attempt = (idp: Idp, client: RegisteredClient, other: RegisteredClient) => Promise<string | undefined>

const authorization = (changes: Record<string, string | undefined>): Attempt => async (idp, client) => {
  const { location, status } = await new Visitor(idp).signIn('alice', client, changes)
  return /\berror=(\w+)/.exec(location?.href ?? '')?.[1] ?? `a page with status ${status}`
}

const redemption = (changes: Record<string, string | undefined>): Attempt => async (idp, client) =>
  (await idp.redeem(client, await idp.codeFor('alice', client), changes)).json().error

const refusedAllTheSame: [string, string, Attempt][] = [
  ['a client_id that nobody has', 'a page with status 400', authorization({ client_id: 'nobody' })],
  ['a redirect URI that is a script', 'a page with status 400', authorization({ redirect_uri: 'javascript:alert(1)' })],
  ['a redirect URI with a fragment', 'a page with status 400', authorization({ redirect_uri: 'http://elsewhere.localhost/#a' })],
  ['a response type that is not supported', 'unsupported_response_type', authorization({ response_type: 'token' })],
  ['a PKCE method that there is not', 'invalid_request', authorization({ code_challenge_method: 'S512' })],
  ['prompt=none together with another', 'invalid_request', authorization({ prompt: 'none login' })],
  ['a code that was never issued', 'invalid_grant', redemption({ code: 'made-up' })],
  ['no code', 'invalid_request', redemption({ code: undefined })],
  ['a grant type that there is not', 'unsupported_grant_type', redemption({ grant_type: 'password' })],
  ['a refresh token that was never issued', 'invalid_grant', async (idp, client) =>
    (await idp.refresh(client, 'made-up')).json().error],
  ['a refresh token that was revoked', 'invalid_grant', async (idp, client) => {
    const { refresh_token: token } = await idp.tokensFor('alice', client)
    await idp.post('/token/revocation', client, { token })
    return (await idp.refresh(client, token!)).json().error
  }],
  ['the code of somebody who has signed out since', 'invalid_grant', async (idp, client) => {
    const code = await idp.codeFor('alice', client)
    await idp.lab.sessions.end('alice')
    return (await idp.redeem(client, code)).json().error
  }],
  ['the code of somebody who was disabled since', 'invalid_grant', async (idp, client) => {
    const code = await idp.codeFor('alice', client)
    await idp.lab.users.disable('alice')
    return (await idp.redeem(client, code)).json().error
  }],
  ['an access token that has ended, of somebody who was disabled since', 'invalid_token', async (idp, client) => {
    const { access_token: token } = await idp.tokensFor('alice', client)
    await idp.lab.users.disable('alice')
    await idp.lab.sessions.end('alice')
    return (await idp.userinfo(token)).json().error
  }],
  ['no access token', 'invalid_token', async idp => (await idp.app.inject({ url: `${idp.base}/me` })).json().error],
  ['an access token of a strict client that has ended', 'invalid_token', async (idp, _client, other) => {
    const { access_token: token } = await idp.tokensFor('alice', other)
    await idp.post('/token/revocation', other, { token })
    return (await idp.userinfo(token)).json().error
  }],
  ['a forged ID token as a hint whom to sign in', 'invalid_request', async (idp, client) => {
    const { id_token: idToken } = await idp.tokensFor('alice', client)
    return await authorization({ id_token_hint: `${idToken.slice(0, -8)}AAAAAAAA` })(idp, client, client)
  }],
  ['an ID token as a hint that is no JWT', 'a page with status 400', async idp => {
    const { status } = await new Visitor(idp).open('/session/end?id_token_hint=made-up')
    return `a page with status ${status}`
  }]
]

for (const [number, [what, refusal, attempt]] of refusedAllTheSame.entries()) {
  t.test(`refuses to a permissive client too: ${what}`, async t => {
    const { realm, permissive, other } = await realmWithClients(idp, `refused-${number}`)
    t.equal(await attempt(realm, permissive, other), refusal)
    t.same((await letPass(realm)).filter(violation => violation.status < 400), [])
  })
}

t.test('gives a permissive client that makes no mistake what any client gets, with nothing to note', async t => {
  const { realm, strict, permissive } = await realmWithClients(idp, 'correct')
  const names: string[][] = []
  for (const client of [strict, permissive]) {
    const tokens = await realm.tokensFor('alice', client)
    await checkTokens(t, realm, client, tokens)
    const refreshed: Tokens = (await realm.refresh(client, tokens.refresh_token!)).json()
    await checkTokens(t, realm, client, refreshed)
    names.push(Object.keys(tokens), Object.keys(decodeJwt(tokens.id_token)))
  }
  t.same(names.slice(0, 2), names.slice(2))
  t.same(await letPass(realm), [])
})

t.test('is on and off again at once', async t => {
  const { realm, strict } = await realmWithClients(idp, 'switch')
  const redeemWithoutVerifier = async () =>
    (await realm.redeem(strict, await realm.codeFor('alice', strict), { code_verifier: undefined })).statusCode

  t.equal(await redeemWithoutVerifier(), 400)
  await realm.lab.clients.patch('strict', { permissive: true })
  t.equal(await redeemWithoutVerifier(), 200)
  await realm.lab.clients.patch('strict', { permissive: false })
  t.equal(await redeemWithoutVerifier(), 400)
  t.match(await letPass(realm), [{ rule: 'code-verifier-missing', client: 'strict', status: 200 }])
})

t.test('notes each rule that one request broke, and no secret', async t => {
  const { realm, permissive } = await realmWithClients(idp, 'several')
  const code = await realm.codeFor('alice', permissive)
  const secrets = { code_verifier: 'x'.repeat(42), client_secret: 'a-secret-that-is-somebody-else-s' }
  const response = await realm.redeem({ ...permissive, client_secret: secrets.client_secret }, code, {
    code_verifier: secrets.code_verifier, redirect_uri: 'http://elsewhere.localhost/'
  })
  t.equal(response.statusCode, 200)

  const violations = await letPass(realm)
  t.same(violations.map(({ rule }) => rule), ['client-secret-wrong', 'code-verifier-wrong', 'token-request-redirect-uri'])
  for (const { what } of violations) t.notMatch(what, new RegExp([code, ...Object.values(secrets)].join('|')))
})

t.test('is for a lab alone: without LAB, a permissive client is strict, and the log says so', async t => {
  const lines: string[] = []
  const { relyingParty } = idp
  const file = t.testdir({
    'clients.yaml': JSON.stringify([{ ...relyingParty, permissive: true, post_logout_redirect_uris: [] }])
  })
  const settings = { LAB: 'false', LOG_LEVEL: 'warn', CLIENTS_FILE: `${file}/clients.yaml`, STATE_DIR: `${file}/state` }
  const strictIdp = await startIdp(t, settings, { write: line => { lines.push(line) } })
  const response = await strictIdp.redeem(relyingParty, await strictIdp.codeFor('alice'), { code_verifier: undefined })
  t.equal(response.json().error, 'invalid_grant')
  const withoutPkce = { code_challenge: undefined, code_challenge_method: undefined }
  for (const [changes, error] of [[{ prompt: 'none' }, 'login_required'], [withoutPkce, 'invalid_request']] as const) {
    const { location } = await new Visitor(strictIdp).open(strictIdp.authorizationRequest(relyingParty, changes))
    t.equal(location?.searchParams.get('error'), error)
  }
  t.match(lines.join(''), /the client relying-party is permissive, which counts in a lab alone/)
})
