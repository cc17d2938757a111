// Why openid-client and oauth4webapi refuse what no fault of the identity provider brings about.
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import * as client from 'openid-client'
import t from 'tap'
import { explainRefusal } from '#lib/oidc/explain-refusal.ts'
import { createPlainFetch } from '#lib/outbound/plain-fetch.ts'
import { freePorts } from '../helpers/lab.ts'
import { startTlsServer } from './tls.ts'

const issuer = 'https://op.example'
const { privateKey, publicKey } = await generateKeyPair('RS256')
const jwk = { ...await exportJWK(publicKey), kid: 'k' }
const now = Math.floor(Date.now() / 1000)
const claims = { iss: issuer, aud: 'rp', sub: 'ada', nonce: 'n', auth_time: now, iat: now, exp: now + 300 }
const signed = (changes: object = {}) =>
  new SignJWT({ ...claims, ...changes }).setProtectedHeader({ alg: 'RS256', kid: 'k' }).sign(privateKey)
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

const metadata = {
  issuer,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/jwks`,
  userinfo_endpoint: `${issuer}/me`,
  authorization_endpoint: `${issuer}/auth`,
  pushed_authorization_request_endpoint: `${issuer}/par`,
  authorization_response_iss_parameter_supported: false
}

/** What the provider answers at each endpoint: JSON, or a whole answer. */
interface Answers {
  metadata?: object
  token?: unknown
  jwks?: unknown
  me?: unknown
  par?: unknown
  discovery?: unknown
}

async function explained (ask: (configuration: client.Configuration) => Promise<unknown>, answers: Answers) {
  const { metadata: changed, ...others } = answers
  const configuration = new client.Configuration({ ...metadata, ...changed }, 'rp', {}, client.None())
  configuration[client.customFetch] = async url => {
    const answer = { jwks: { keys: [jwk] }, ...others }[url.split('/').at(-1)!]
    return answer instanceof Response ? answer : Response.json(answer)
  }
  client.enableNonRepudiationChecks(configuration)
  const error = await ask(configuration).then(() => 'nothing was refused', error => error)
  const explanation = explainRefusal(error)
  return explanation ? `${explanation.error} (${explanation.about}): ${explanation.description}` : String(error)
}

const redeem = (query: string, maxAge?: number) => (configuration: client.Configuration) =>
  client.authorizationCodeGrant(configuration, new URL(`https://app.example/callback?${query}`), {
    expectedState: 's', expectedNonce: 'n', idTokenExpected: true, ...(maxAge !== undefined && { maxAge })
  })
const ofResponse = (query: string) => explained(redeem(query), {})
const ofTokens = (token: unknown) => explained(redeem('code=x&state=s'), { token })
const tokensWith = (others: object) => ({ access_token: 'a', token_type: 'bearer', ...others })
const ofIdToken = (idToken: string, answers: Answers = {}, maxAge?: number) =>
  explained(redeem('code=x&state=s', maxAge), { token: tokensWith({ id_token: idToken }), ...answers })
const ofUserinfo = (me: unknown) => explained(configuration => client.fetchUserInfo(configuration, 'a', 'ada'), { me })
const ofPushed = (par: unknown, changed: object = {}) =>
  explained(configuration => client.buildAuthorizationUrlWithPAR(configuration, {}), { par, metadata: changed })
const ofDiscovery = (document: unknown, status = 200) => client.discovery(new URL(issuer), 'rp', undefined, client.None(), {
  [client.customFetch]: async () => Response.json(document, { status })
}).then(() => 'found', error => explainRefusal(error)?.description)
const status = (status: number, headers: Record<string, string> = {}, body: unknown = '') =>
  new Response(typeof body === 'string' ? body : JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } })
const html = (code: number) => status(code, { 'content-type': 'text/html' }, '<h1>Hello</h1>')

const unreadable = 'invalid_id_token (id_token): the ID token is not a JWT that we can read'
const malformedJson = 'invalid_response (body): the identity provider answered with JSON that breaks off or is malformed'
const otherFlow = 'invalid_response (response_type): the authorization response is of a flow that was not asked for'
const wrongAlgorithm = 'invalid_id_token (alg): the ID token is signed with an algorithm not agreed on (alg)'
const unusableKey = 'invalid_metadata (keys): the JWK set has a key that we cannot use'
const noKeys = 'invalid_metadata (keys): the JWK set has no usable keys'
const inTheClear = 'invalid_metadata (https): the discovery document has an address that is not https'
const busy = 'temporarily_unavailable (undefined): the identity provider asks us to wait'

const cases: [label: string, said: () => Promise<unknown>, says: string][] = [
  ['two codes', () => ofResponse('code=x&code=y&state=s'),
    'invalid_response (code): the authorization response has more than one code'],
  ['two states', () => ofResponse('code=x&state=s&state=t'),
    'invalid_response (state): the authorization response has more than one state'],
  ['nothing', () => ofResponse('state=s'), 'invalid_response (code): the authorization response has neither a code nor an error'],
  ['a signed response', () => ofResponse('response=x'), otherFlow],
  ['an ID token', () => ofResponse('id_token=x&state=s'), otherFlow],
  ['an error that is no code', () => ofResponse('error=%3Cscript%3E&state=s'),
    'unknown_error (undefined): the identity provider refused the authorization request'],

  ['no access token', () => ofTokens({ token_type: 'bearer' }),
    'invalid_response (access_token): the token response has no usable access_token'],
  ['no type', () => ofTokens({ access_token: 'a' }),
    'invalid_response (token_type): the token response has no usable token_type'],
  ['another type', () => ofTokens({ access_token: 'a', token_type: 'mac' }),
    'invalid_response (token_type): the token response has a token_type that was not asked for'],
  ['a life in words', () => ofTokens(tokensWith({ expires_in: 'long' })),
    'invalid_response (expires_in): the token response has no usable expires_in'],
  ['an empty refresh token', () => ofTokens(tokensWith({ refresh_token: '' })),
    'invalid_response (refresh_token): the token response has no usable refresh_token'],
  ['scopes in a list', () => ofTokens(tokensWith({ scope: ['openid'] })),
    'invalid_response (scope): the token response has no usable scope'],
  ['no ID token', () => ofTokens(tokensWith({})), 'invalid_response (id_token): the token response has no usable id_token'],
  ['a list', () => ofTokens([]), malformedJson],
  ['null', () => ofTokens(null), malformedJson],
  ['a redirect', () => ofTokens(status(302)), 'invalid_response (undefined): the identity provider answered with the status 302'],
  ['a page that is not there', () => ofTokens(html(404)),
    'invalid_response (undefined): the identity provider answered with the status 404'],
  ['too much to do, and when to come again', () => ofTokens(status(503, { 'retry-after': '5' })), busy],
  ...[502, 503, 504].map((code): [string, () => Promise<unknown>, string] => [`a gateway with nobody behind it, ${code}`, () => ofTokens(html(code)),
    `provider_unavailable (undefined): the identity provider cannot be reached (status ${code})`]),
  ['too many requests, as an error', () => ofTokens(status(429, {}, { error: 'slow_down' })), busy],
  ['an error', () => ofTokens(status(400, {}, { error: 'invalid_scope' })),
    'invalid_scope (undefined): the identity provider refused the request'],
  ['a client that is not known', () => ofTokens(status(401, { 'www-authenticate': 'Basic realm="x"' })),
    'invalid_client (undefined): the token endpoint does not take the credentials of this application'],

  ['no JWT', () => ofIdToken('x'), unreadable],
  ['an encrypted one', () => ofIdToken('a.b.c.d.e'), unreadable],
  ['a header that is no JSON', () => ofIdToken('eA.e30.x'), unreadable],
  ['a header that is a list', () => ofIdToken(`${part([])}.e30.x`), unreadable],
  ['claims that are no JSON', () => ofIdToken(`${part({ alg: 'RS256' })}.eA.x`), unreadable],
  ['claims in a list', () => ofIdToken(`${part({ alg: 'RS256' })}.${part([])}.x`), unreadable],
  ['a header that must be understood', () => ofIdToken(`${part({ alg: 'RS256', crit: ['x'] })}.e30.x`), unreadable],
  ['a signature that is not base64url', async () => ofIdToken((await signed()).replace(/.{4}$/, '!!!!')), unreadable],
  ['no algorithm', () => ofIdToken(`${part({})}.e30.x`), wrongAlgorithm],
  ['an algorithm of the provider alone', () => ofIdToken(`${part({ alg: 'XS256' })}.${part(claims)}.x`, {
    metadata: { id_token_signing_alg_values_supported: ['XS256'] }
  }), wrongAlgorithm],
  ...Object.entries({ exp: 'x', iat: 'x', nbf: 'x', iss: 1, aud: 1, sub: 1, auth_time: -1 }).map(([name, value]): typeof cases[number] =>
    [`a malformed ${name}`, async () => ofIdToken(await signed({ [name]: value })), `invalid_id_token (${name}): the ID token has a malformed ${name}`]),
  ...['exp', 'iss'].map((name): typeof cases[number] =>
    [`no ${name}`, async () => ofIdToken(await signed({ [name]: undefined })), `invalid_id_token (${name}): the ID token has no ${name}`]),
  ['another azp among several audiences', async () => ofIdToken(await signed({ aud: ['rp', 'x'], azp: 'x' })),
    'invalid_id_token (azp): the ID token was issued to another application (azp)'],
  ['neither nonce nor auth_time', async () => ofIdToken(await signed({ nonce: undefined, auth_time: undefined }), {}, 600),
    'invalid_id_token (nonce): the ID token has no nonce'],

  ['no keys', async () => ofIdToken(await signed(), { jwks: {} }), noKeys],
  ['keys that are none', async () => ofIdToken(await signed(), { jwks: { keys: ['x'] } }), noKeys],
  ['a key without a modulus', async () => ofIdToken(await signed(), { jwks: { keys: [{ ...jwk, n: undefined }] } }), unusableKey],
  ['a key that is too short', async () => ofIdToken(await signed(), { jwks: { keys: [{ ...jwk, n: jwk.n!.slice(0, 171) }] } }),
    unusableKey],

  ['claims about nobody', () => ofUserinfo({ name: 'Ada' }),
    'invalid_userinfo (sub): the userinfo endpoint does not say whom it tells about (sub)'],
  ['too little scope', () => ofUserinfo(status(403, { 'www-authenticate': 'Bearer error="insufficient_scope"' })),
    'insufficient_scope (undefined): the access token does not cover this request (scope)'],

  ['no request_uri', () => ofPushed(status(201, {}, { expires_in: 60 })),
    'invalid_response (request_uri): the answer to the pushed authorization request has no usable request_uri'],
  ['a page in place of a request_uri', () => ofPushed(html(201)),
    'invalid_response (undefined): the identity provider answered with something other than JSON'],
  ['another status than that of a request_uri', () => ofPushed({ request_uri: 'urn:x', expires_in: 60 }),
    'invalid_response (undefined): the identity provider answered with the status 200'],
  ['an endpoint in the clear', () => ofPushed({}, { pushed_authorization_request_endpoint: 'http://op.example/par' }),
    inTheClear],
  ['an endpoint of another protocol', () => ofPushed({}, { pushed_authorization_request_endpoint: 'ftp://op.example/par' }),
    inTheClear],
  ['an endpoint that is no URL', () => ofPushed({}, { pushed_authorization_request_endpoint: 'par' }),
    'invalid_metadata (pushed_authorization_request_endpoint): the discovery document has no usable pushed_authorization_request_endpoint'],
  ['metadata without an issuer', () => ofDiscovery({}), 'the discovery document has no usable issuer'],
  ['metadata that is not there', () => ofDiscovery({}, 404), 'the identity provider answered with the status 404']
]

for (const [label, said, says] of cases) {
  t.test(`explains ${label}`, async t => t.equal(await said(), says))
}

t.test('explains that nobody answered, and why', async t => {
  const fetched = async (url: string, signal?: AbortSignal) =>
    createPlainFetch({})(url, { signal }).then(() => 'answered', error => explainRefusal(error)?.description)
  const trusted = await startTlsServer(t, (_request, response) => response.end())
  t.equal(await fetched(trusted), 'its TLS certificate is not trusted (UNABLE_TO_VERIFY_LEAF_SIGNATURE)')
  t.equal(await fetched(`http://127.0.0.1:${(await freePorts()).APP_PORT}`), 'no connection (ECONNREFUSED)')
  t.equal(await fetched(trusted, AbortSignal.timeout(0)), 'the identity provider did not answer in time')
})

t.test('does not tell what the provider said, nor explain a mistake of ours', async t => {
  const explanation = explainRefusal(new client.AuthorizationResponseError('', {
    cause: new URLSearchParams({ error: 'access_denied', error_description: '<script>' })
  }))
  t.match(explanation, { description: 'the identity provider refused the authorization request', providerSays: '<script>' })
  t.equal(explainRefusal(new TypeError('x is not a function')), undefined)
  t.equal(await explained(configuration => client.fetchUserInfo(configuration, '', 'ada'), {}), 'TypeError: "accessToken" must not be empty')
})
