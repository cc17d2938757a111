import { createPublicKey, randomUUID, type JsonWebKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  decodeJwt, exportJWK, generateKeyPair, importJWK, SignJWT, UnsecuredJWT, type CryptoKey, type JWK, type JWTPayload
} from 'jose'
import t, { type Test } from 'tap'
import { Visitor } from '../idp/helper.ts'
import { buildWithIdp, fillDisk, type Tab } from './helper.ts'

/** `undefined` leaves one out of what is good. */
type Claims = Record<string, unknown>

const event = 'http://schemas.openid.net/event/backchannel-logout'
const alice = 'usr-7f3a91c0'
const secretOf = (text: string) => new TextEncoder().encode(text)

/**
 * The relying party with Alice signed in, and somebody who can sign as her identity provider does: with its own key.
 *
 * @see https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation
 */
async function startWithForger (t: Test) {
  const parts = await buildWithIdp(t)
  const { idp, app, config, tab } = parts
  const keysFile = join(idp.config.stateFolder, 'signing-keys.json')
  const readKeys = () => (JSON.parse(readFileSync(keysFile, 'utf8')) as { keys: (JWK & { stage?: string })[] }).keys
  const [jwk] = readKeys()
  const { kid, alg } = jwk!
  const key = await importJWK(jwk!, alg)

  let keysAsked = 0
  idp.app.server.on('request', ({ url }) => { if (url === '/jwks') keysAsked++ })

  /** Claims of a good logout token about all of Alice's sessions, with changes. */
  function claims (changes: Claims = {}): JWTPayload {
    const now = Math.floor(Date.now() / 1000)
    const good = {
      iss: config.issuer,
      aud: config.oidc.clientId,
      iat: now,
      exp: now + 120,
      jti: randomUUID(),
      sub: alice,
      events: { [event]: {} }
    }
    return Object.fromEntries(Object.entries({ ...good, ...changes }).filter(([, value]) => value !== undefined))
  }

  async function send (token: string | undefined, type = 'application/x-www-form-urlencoded', body?: string) {
    const payload = body ?? new URLSearchParams(token === undefined ? {} : { logout_token: token }).toString()
    const { statusCode, headers, body: text } = await app.inject({
      method: 'POST', url: '/backchannel-logout', payload, headers: { host: new URL(config.app).host, 'content-type': type }
    })
    return { status: statusCode, text, headers, cacheControl: headers['cache-control'] }
  }

  return {
    ...parts,
    jwk: jwk!,
    claims,
    send,
    sign: (changes: Claims = {}, header: Record<string, unknown> = {}) =>
      new SignJWT(claims(changes)).setProtectedHeader({ alg: alg!, kid: kid!, typ: 'logout+jwt', ...header })
        .sign(key, { crit: { evil: true } }),
    signWith: (other: Uint8Array | CryptoKey, header: Record<string, unknown>, changes: Claims = {}) =>
      new SignJWT(claims(changes)).setProtectedHeader({ alg: alg!, kid: kid!, typ: 'logout+jwt', ...header }).sign(other),
    /** With the key that the provider has by now. */
    signAnew: async () => {
      const newest = readKeys().find(({ stage }) => stage === 'current')!
      return new SignJWT(claims()).setProtectedHeader({ alg: alg!, kid: newest.kid! }).sign(await importJWK(newest, alg))
    },
    keysAsked: () => keysAsked,
    signedIn: async (username = 'alice') => {
      const visitor = tab()
      await visitor.signIn(idp, username)
      return visitor
    }
  }
}

type Forger = Awaited<ReturnType<typeof startWithForger>>

const forger = await startWithForger(t)
const isSignedIn = async (visitor: Tab) => (await visitor.get('/session')).json()['authenticated']

function publicKeyInPem ({ kty, n, e }: JWK): string {
  const key = createPublicKey({ key: { kty, n, e } as JsonWebKey, format: 'jwk' })
  return key.export({ type: 'spki', format: 'pem' }) as string
}

const inBase64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

const now = () => Math.floor(Date.now() / 1000)
const forgeries: Record<string, (forger: Forger) => Promise<string>> = {
  'without a signature, alg none': async ({ claims }) => new UnsecuredJWT(claims()).encode(),
  'with alg None': async ({ claims }) => `${inBase64url({ alg: 'None' })}.${inBase64url(claims())}.`,
  'without its signature': async ({ sign }) => (await sign()).replace(/[^.]+$/, ''),
  'signed by HS256 with the client secret': async ({ signWith, idp }) =>
    signWith(secretOf(idp.relyingParty.client_secret!), { alg: 'HS256' }),
  'signed by HS256 with the provider\'s public key': async ({ signWith, jwk }) =>
    signWith(secretOf(publicKeyInPem(jwk)), { alg: 'HS256' }),
  'signed with another key under the name of the provider\'s': async ({ signWith }) =>
    signWith((await generateKeyPair('RS256')).privateKey, {}),
  'signed with a key that it brings': async ({ signWith }) => {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
    return signWith(privateKey, { jwk: await exportJWK(publicKey), kid: undefined })
  },
  'signed with a key at an address that it names': async ({ signWith }) =>
    signWith((await generateKeyPair('RS256')).privateKey, { jku: 'https://evil.example/', x5u: 'https://evil.example/', kid: 'e' }),
  'with claims that were changed after it was signed': async ({ sign, claims }) => {
    const [header, , signature] = (await sign({ sub: 'somebody' })).split('.')
    return [header, inBase64url(claims()), signature].join('.')
  },
  'of a provider that nobody knows': ({ sign }) => sign({ iss: 'https://evil.example' }),
  'of the same provider, but for a slash': ({ sign, config }) => sign({ iss: `${config.issuer}/` }),
  'of no provider': ({ sign }) => sign({ iss: undefined }),
  'for another client': ({ sign }) => sign({ aud: 'genesys-messenger' }),
  'for nobody': ({ sign }) => sign({ aud: undefined }),
  'for a client whose name begins like ours': ({ sign }) => sign({ aud: ['relying-party-2'] }),
  'without events': ({ sign }) => sign({ events: undefined }),
  'about another event': ({ sign }) => sign({ events: { 'https://evil.example/event': {} } }),
  'whose events are a text': ({ sign }) => sign({ events: event }),
  'whose events are a list': ({ sign }) => sign({ events: [event] }),
  'whose event is no object': ({ sign }) => sign({ events: { [event]: true } }),
  'with a nonce': ({ sign }) => sign({ nonce: 'n' }),
  'with a nonce that is empty': ({ sign }) => sign({ nonce: '' }),
  'that has expired': ({ sign }) => sign({ iat: now() - 600, exp: now() - 480 }),
  'without an end': ({ sign }) => sign({ exp: undefined }),
  'from long ago that has not expired': ({ sign }) => sign({ iat: now() - 86_400, exp: now() + 86_400 }),
  'from the future': ({ sign }) => sign({ iat: now() + 86_400, exp: now() + 86_500 }),
  'without a time': ({ sign }) => sign({ iat: undefined }),
  'whose time is a text': async ({ sign }) => sign({ iat: 'now' }),
  'that is not good yet': ({ sign }) => sign({ nbf: now() + 3_600 }),
  'without an identifier': ({ sign }) => sign({ jti: undefined }),
  'about nothing': ({ sign }) => sign({ sub: undefined }),
  'about an empty sub': ({ sign }) => sign({ sub: '' }),
  'about a sub that is no text': ({ sign }) => sign({ sub: [alice] }),
  'of the type of an access token': ({ sign }) => sign({}, { typ: 'at+jwt' }),
  'of the type of a security event': ({ sign }) => sign({}, { typ: 'secevent+jwt' }),
  'with an extension that must be understood': ({ sign }) => sign({}, { crit: ['evil'], evil: true }),
  'that is an ID token': async ({ idp }) => (await idp.tokensFor('alice')).id_token,
  'that is an access token': async ({ idp }) => (await idp.tokensFor('alice')).access_token,
  'that is no token': async () => 'a.b.c',
  'that is nothing': async () => ''
}

t.test('a logout token of the provider ends the sessions of its person, and of nobody else', async t => {
  const [visitor, other] = [await forger.signedIn('alice'), await forger.signedIn('bob')]
  const { status, cacheControl } = await forger.send(await forger.sign())
  t.equal(status, 200)
  t.equal(cacheControl, 'no-store')
  t.match((await visitor.get('/session')).json(), { authenticated: false, ended: { reason: 'signed_out_at_provider' } })
  t.equal(await isSignedIn(other), true)
})

t.test('a forged logout token ends nothing', async t => {
  const visitor = await forger.signedIn()
  for (const [what, forge] of Object.entries(forgeries)) {
    const { status, text, cacheControl } = await forger.send(await forge(forger))
    t.equal(status, 400, what)
    // https://openid.net/specs/openid-connect-backchannel-1_0.html#BCResponse
    t.match(JSON.parse(text), { error: /./ }, what)
    t.equal(cacheControl, 'no-store', what)
    t.notMatch(text, /eyJ/, 'and nothing of it is in the answer')
    t.equal(await isSignedIn(visitor), true, what)
  }
  t.equal((await forger.send(await forger.sign())).status, 200, 'one that is not forged does')
  t.equal(await isSignedIn(visitor), false)
})

t.test('a logout token works once', async t => {
  const token = await forger.sign()
  t.equal((await forger.send(token)).status, 200)
  const visitor = await forger.signedIn()
  t.equal((await forger.send(token)).status, 400)
  t.equal(await isSignedIn(visitor), true, 'who has signed in meanwhile stays')
  const together = await forger.sign({ sub: 'nobody' })
  t.same((await Promise.all([forger.send(together), forger.send(together)])).map(({ status }) => status).sort(), [200, 400])
})

/** Bob signs in, in a browser of which the provider's own name for its session is known. */
async function signInAsBob ({ idp, tab }: Forger) {
  const atProvider = new Visitor(idp)
  const [other, another] = [tab(), tab()]
  for (const visitor of [other, another]) {
    const page = await atProvider.open((await visitor.get('/login')).location!.href)
    const { location } = page.location ? page : await atProvider.submit(page, {}, 'Sign in as Bob Brandt')
    await visitor.get(`${location!.pathname}${location!.search}`)
  }
  const { csrfToken } = (await another.get('/session')).json()
  const { location } = await another.post('/logout', { 'csrf-token': String(csrfToken) })
  return { other, sid: decodeJwt(location!.searchParams.get('id_token_hint')!)['sid'] as string }
}

t.test('a session of one person together with the sub of another ends neither', async t => {
  const visitor = await forger.signedIn('alice')
  const { other, sid } = await signInAsBob(forger)
  await forger.send(await forger.sign({ sid, sub: alice }))
  t.same([await isSignedIn(visitor), await isSignedIn(other)], [true, true])
  await forger.send(await forger.sign({ sid, sub: undefined }))
  t.same([await isSignedIn(visitor), await isSignedIn(other)], [true, false], 'the session alone does')
})

// https://openid.net/specs/openid-connect-backchannel-1_0.html#BCRequest: the provider says it once where we refuse.
const times: [string, number, number][] = [
  ['a provider that is nearly two minutes ahead', 115, 200],
  ['a provider that is more than two minutes ahead', 130, 400],
  ['a provider that is nearly four minutes behind', -235, 200],
  ['a provider that is more than four minutes behind', -245, 400]
]
for (const [whose, seconds, expected] of times) {
  t.test(`the sign-out of ${whose} is ${expected === 200 ? 'heard' : 'refused, and why is said'}`, async t => {
    const visitor = await forger.signedIn()
    const iat = now() + seconds
    const { status, text } = await forger.send(await forger.sign({ iat, exp: iat + 120 }))
    t.equal(status, expected, text)
    t.equal(await isSignedIn(visitor), expected !== 200)
    if (expected !== 200) t.match(text, /clocks .* more than 120 s apart \(OIDC_CLOCK_TOLERANCE\)/)
  })
}

t.test('a logout token is remembered for as long as it would be taken again', async t => {
  const token = await forger.sign()
  t.equal((await forger.send(token)).status, 200)
  const { app, config } = forger
  const setClock = (offsetSeconds: number) =>
    app.inject({ method: 'PUT', url: '/lab/clock', headers: { host: new URL(config.app).host }, payload: { offsetSeconds } })
  t.teardown(() => setClock(0))
  await setClock(220)
  t.match((await forger.send(token)).text, /used before/)
})

t.test('forged logout tokens keep none of the provider\'s from being heard, though its key is a new one by then', async t => {
  const own = await startWithForger(t)
  const visitor = await own.signedIn()
  const flood = (kid: string) => Promise.all([1, 2, 3].map(async () =>
    (await own.send(await own.signWith((await generateKeyPair('RS256')).privateKey, { kid }))).status))
  t.same(await flood('a-key-that-nobody-has'), [400, 400, 400])
  await own.idp.lab.keys.rotate()
  const { kid } = (await own.idp.lab.keys.list()).find(({ stage }) => stage === 'current')!
  t.same(await flood(kid), [400, 400, 400])
  await own.idp.lab.keys.rotate()

  t.equal((await own.send(await own.signAnew())).status, 200)
  t.equal(await isSignedIn(visitor), false)
  t.ok(own.keysAsked() <= 8, `the provider was asked for its keys ${own.keysAsked()} times`)
})

t.test('on a full disk the sessions end that the provider names, and it is asked to say it again where more may come', async t => {
  const visitor = await forger.signedIn('alice')
  const { other, sid } = await signInAsBob(forger)
  fillDisk(t, forger.config, 'INSERT', 'UPDATE')
  t.equal((await forger.send(await forger.sign())).status, 200)
  t.equal(await isSignedIn(visitor), false)
  t.equal((await forger.send(await forger.sign({ sid, sub: undefined }))).status, 500)
  t.equal(await isSignedIn(other), false)
})

t.test('a logout token whose key cannot be asked for is to be sent again', async t => {
  const own = await startWithForger(t)
  const visitor = await own.signedIn()
  await own.idp.lab.faults.switchOn('jwks-server-error')
  const token = await own.sign()
  const { status, headers } = await own.send(token)
  t.equal(status, 503)
  t.match(headers['retry-after'], /^\d+$/)
  t.equal(await isSignedIn(visitor), true)
  await own.idp.lab.faults.reset()
  t.equal((await own.send(token)).status, 200, 'it was not used up')
  t.equal(await isSignedIn(visitor), false)
})

t.test('a logout token that is sent otherwise than as one field of a form is refused', async t => {
  const visitor = await forger.signedIn()
  const token = await forger.sign()
  const ways: [type: string, body: string][] = [
    ['application/json', JSON.stringify({ logout_token: [token, token] })],
    ['application/json', JSON.stringify({ logout_token: { token } })],
    ['text/plain', `logout_token=${token}`],
    ['application/jwt', token],
    ['application/x-www-form-urlencoded', `logout_token=${token}&logout_token=${token}`],
    ['application/x-www-form-urlencoded', `logout_token=x&logout_token=${token}`],
    ['application/x-www-form-urlencoded', `token=${token}`]
  ]
  for (const [type, body] of ways) {
    const { status } = await forger.send(undefined, type, body)
    t.ok(status >= 400 && status < 500, `${type}: ${status}`)
    t.equal(await isSignedIn(visitor), true, `${type} ${body.slice(0, 16)}`)
  }
  const { app, config } = forger
  const inAddress = { url: `/backchannel-logout?logout_token=${token}`, headers: { host: new URL(config.app).host } }
  const query = await app.inject({ method: 'POST', ...inAddress })
  t.ok(query.statusCode >= 400 && query.statusCode < 500)
  t.equal((await app.inject(inAddress)).statusCode, 404)
  t.equal(await isSignedIn(visitor), true)
})
