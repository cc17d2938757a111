// Providers as products shape and configure them.
import { writeFileSync } from 'node:fs'
import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair } from 'jose'
import type { Provider } from 'oidc-provider'
import t, { type Test } from 'tap'
import { fetch } from '#lib/outbound.ts'
import { type BareProvider, claimsOf, startBareProvider } from './bare-provider.ts'
import { Person } from './person.ts'
import { freeAddresses, ours, startRelyingParty } from './relying-party.ts'
import { stopClock } from '../../helpers/clock.ts'
import { until } from '../../helpers/until.ts'
import type { Page } from '../../helpers/browser.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

type ProviderOptions = Parameters<typeof startBareProvider>[2]

async function start (t: Test, options: ProviderOptions = {}, settings: Record<string, string> = {}) {
  const addresses = await freeAddresses()
  const provider = await startBareProvider(t, addresses, options)
  const { origin } = await startRelyingParty(t, addresses, { IDP_ISSUER: provider.issuer, ...settings })
  return { provider, origin, person: new Person(origin) }
}

/** Sign in, see the profile and sign out: what a person does with any provider. */
async function wholeVisit (t: Test, person: Person, origin: string) {
  const page = await person.signIn()
  t.equal(page.url, `${origin}/`, page.$('dl').text())
  t.match(await person.session(), { authenticated: true, user: claimsOf('ada') })
  t.match(await person.profile(), { status: 200, body: claimsOf('ada') })
  t.equal((await person.signOut()).url, `${origin}/`)
  t.match(await person.session(), { authenticated: false })
}

async function metadataOf ({ issuer }: BareProvider) {
  const response = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
  return await response.json() as Record<string, unknown>
}

t.test('signs in and out with oidc-provider as it comes', async t => {
  const { person, origin, provider } = await start(t)
  await wholeVisit(t, person, origin)
  const [request] = provider.at('/session/end')
  t.ok(request?.query['id_token_hint'] && request.query['state'])
})

for (const path of ['/tenant', '/tenant/', '/oauth2/default']) {
  t.test(`signs in with an issuer that ends in ${path}`, async t => {
    const { person, origin, provider } = await start(t, { path })
    t.equal((await metadataOf(provider))['issuer'], provider.issuer)
    await wholeVisit(t, person, origin)
  })
}

t.test('does not take an issuer for another that differs by a slash', async t => {
  const addresses = await freeAddresses()
  const { issuer } = await startBareProvider(t, addresses, { path: '/tenant/' })
  const { origin } = await startRelyingParty(t, addresses, { IDP_ISSUER: issuer.slice(0, -1) })
  const page = await new Person(origin).signIn()
  t.equal(page.status, 503)
  t.match(page.$('dl').text(), /discovery document is of another issuer|does not match/)
})

const offeringPar = { features: { pushedAuthorizationRequests: { enabled: true } } }

t.test('pushes its request where the provider offers that, so that nothing of it is in the browser', async t => {
  const { person, origin, provider } = await start(t, { configuration: offeringPar })
  await wholeVisit(t, person, origin)
  t.match(provider.at('/request')[0]?.body, { redirect_uri: `${origin}/callback`, code_challenge_method: 'S256' })
  const [first] = provider.at('/auth')
  t.same(Object.keys(first!.query).sort(), ['client_id', 'request_uri'])
})

t.test('signs in where pushed requests are all that the provider takes', async t => {
  const { person, origin } = await start(t, {
    client: { require_pushed_authorization_requests: true }, configuration: offeringPar
  })
  await wholeVisit(t, person, origin)
})

t.test('pushes nothing when told not to', async t => {
  const { person, origin, provider } = await start(t, { configuration: offeringPar }, { OIDC_PAR: 'never' })
  await wholeVisit(t, person, origin)
  t.same(provider.at('/request'), [])
})

t.test('knows people by their ID token where there is no userinfo endpoint', async t => {
  const configuration = { features: { userinfo: { enabled: false } }, conformIdTokenClaims: false }
  const { person } = await start(t, { configuration })
  await person.signIn()
  t.match(await person.session(), { authenticated: true, user: claimsOf('ada') })
  const { status, body } = await person.profile()
  t.ok(status >= 400 && status < 600 && typeof body['error'] === 'string', `the profile says so: ${status} ${body['error']}`)
})

t.test('signs out here where the provider has no end_session_endpoint', async t => {
  const { person, origin, provider } = await start(t, { configuration: { features: { rpInitiatedLogout: { enabled: false } } } })
  await wholeVisit(t, person, origin)
  t.same(provider.at('/session/end'), [])
})

const withoutRefreshTokens = {
  client: { grant_types: ['authorization_code'] }, configuration: { issueRefreshToken: async () => false }
}

t.test('uses an access token without a refresh token for as long as it lives', async t => {
  const { person, origin, provider } = await start(t, withoutRefreshTokens)
  await wholeVisit(t, person, origin)
  t.equal(provider.at('/token').length, 1)
})

t.test('asks to sign in again when there is nothing to refresh an access token with that has run out', async t => {
  const { person, provider } = await start(t, { ...withoutRefreshTokens, prepare: revokeAfterFirstUse })
  await person.signIn()
  t.match(await person.profile(), { status: 401, body: { error: 'login_required' } })
  t.match(await person.session(), { authenticated: true }, 'the session itself does not need the token')
  t.equal(provider.at('/token').length, 1)
})

/** An access token works once here, at the sign-in. */
function revokeAfterFirstUse (provider: Provider) {
  provider.use(async (ctx, next) => {
    await next()
    if (ctx.path === '/me') await ctx.oidc.entities.AccessToken?.destroy()
  })
}

for (const alg of ['ES256', 'PS256', 'EdDSA', 'Ed25519']) {
  t.test(`takes an ID token that is signed with ${alg}`, async t => {
    const { privateKey } = await generateKeyPair(alg, { extractable: true })
    const jwk = { ...await exportJWK(privateKey), use: 'sig', kid: 'of-2026' }
    const { person, origin, provider } = await start(t, {
      client: { id_token_signed_response_alg: alg as 'ES256' },
      configuration: { jwks: { keys: [jwk] }, clientDefaults: { id_token_signed_response_alg: alg as 'ES256' } }
    })
    await wholeVisit(t, person, origin)
    t.equal(decodeProtectedHeader(provider.at('/session/end')[0]!.query['id_token_hint']!).alg, alg)
  })
}

t.test('keeps a 6 KB access token to itself: the cookies stay small, and the profile works', async t => {
  const { person, origin, provider } = await start(t, {
    configuration: {
      formats: { bitsOfOpaqueRandomness: (_ctx, token) => token.kind === 'AccessToken' ? 6 * 6 * 1024 : 256 },
    }
  })
  await person.signIn()
  t.match(await person.profile(), { status: 200, body: claimsOf('ada') })
  t.ok(provider.at('/me').every(({ authorization }) => authorization.length > 6 * 1024), 'it really is that long')
  t.ok((await person.cookies()).length < 1024, `${(await person.cookies()).length} bytes of cookies`)
  await wholeVisit(t, new Person(origin), origin)
})

const announced = 'authorization_response_iss_parameter_supported'

/** Take `iss` out of authorization responses, and the promise of it out of the metadata. */
function sayNoIssuer (provider: Provider) {
  provider.use(async (ctx, next) => {
    await next()
    if (ctx.path.startsWith('/.well-known')) delete (ctx.body as Record<string, unknown>)[announced]
    const location = URL.parse(String(ctx.response.get('location')))
    if (!location?.searchParams.has('state')) return
    location.searchParams.delete('iss')
    ctx.set('location', location.href)
  })
}

t.test('signs in with a provider that does not name itself in its answers', async t => {
  const { person, origin, provider } = await start(t, { prepare: sayNoIssuer })
  t.equal((await metadataOf(provider))[announced], undefined)
  await wholeVisit(t, person, origin)
  t.notOk(person.visited.some(url => URL.parse(url)?.searchParams.has('iss')))
})

/** What a person does who would rather not be asked: to take it out of the address on the way to the provider. */
async function signInWithout (person: Person, ...names: string[]) {
  const { location } = await person.request('/login')
  for (const name of names) location!.searchParams.delete(name)
  return person.open(location!.href)
}

/** Sign out here alone, so that the provider still knows who it is. */
async function signOutHere (person: Person) {
  const { csrfToken } = await person.session()
  await person.request('/logout', { method: 'POST', body: { _csrf: String(csrfToken) } })
}

type Claims = Record<string, unknown>

/** Let a provider put other claims into its ID tokens than it would. */
const changeIdTokens = (change: (claims: Claims, grantType: unknown) => void) => (provider: Provider) => {
  const prototype = provider.IdToken.prototype as unknown as {
    payload: (this: { ctx?: { oidc: { params?: Claims } } }) => Promise<Claims>
  }
  const { payload } = prototype
  prototype.payload = async function () {
    const claims = await payload.call(this)
    change(claims, this.ctx?.oidc.params?.['grant_type'])
    return claims
  }
}

const high = 'urn:example:high'
/** What can be taken out of the request where it is not pushed. */
const inBrowser = { OIDC_PAR: 'never' }

/** Whoever is asked for a way of signing in uses it, and nobody else does. */
function stepUp (provider: Provider) {
  let acr: string | undefined
  provider.use(async (ctx, next) => {
    await next()
    if (ctx.path === '/auth' && ctx.oidc.params?.['client_id'] === ours.clientId) acr = ctx.oidc.params['acr_values'] as string | undefined
  })
  changeIdTokens(claims => { if (acr !== undefined) claims['acr'] = acr.split(' ')[0] })(provider)
}

const unmet = (t: Test, page: Page, says: RegExp) => {
  t.equal(page.status, 400)
  t.equal(page.$('h1').text(), 'Please sign in as this site asks')
  t.match(page.$('dl').text(), 'unmet_authentication_requirements')
  t.match(page.$('dl').text(), says)
}

t.test('refuses who has taken OIDC_PROMPT=login out of the request, and lets in who tries again', async t => {
  const settings = { ...inBrowser, OIDC_PROMPT: 'login' }
  const { person, provider, origin } = await start(t, {}, settings)
  unmet(t, await signInWithout(person, 'prompt', 'max_age'), /does not say when .* \(auth_time\)/)
  t.match(await person.session(), { authenticated: false })
  t.equal((await person.signIn()).url, `${origin}/`)
  t.match(provider.at('/auth').find(({ query }) => query['prompt'] === 'login')?.query, { max_age: '0' }, 'so that auth_time is there')

  const { person: other } = await start(t, { prepare: signInLongAgo }, settings)
  unmet(t, await signInWithout(other, 'prompt'), /longer ago than we allow \(auth_time\)/)
})

t.test('takes a sign-in for fresh that was made since it was asked for, however long it took', async t => {
  const { person, origin } = await start(t, {}, { ...inBrowser, OIDC_PROMPT: 'login' })
  await person.signIn()
  await signOutHere(person)
  const page = await person.signIn()
  t.equal(page.url, `${origin}/`, page.$('dl').text())
  t.match(await person.session(), { authenticated: true })

  await signOutHere(person)
  const { location } = await person.request('/login')
  const letTimePass = stopClock(t)
  letTimePass(300)
  const form = await person.request((await person.request(location!.href)).location!.href)
  const consent = await person.submit(form, { login: 'ada', password: 'any' }, undefined, () => true)
  letTimePass(300)
  await person.open(consent.location!.href)
  t.match(await person.session(), { authenticated: true })
})

t.test('refuses who has taken OIDC_ACR_VALUES out of the request', async t => {
  const { person, origin } = await start(t, { configuration: { acrValues: [high] }, prepare: stepUp }, {
    ...inBrowser, OIDC_ACR_VALUES: `${high} urn:example:higher`
  })
  unmet(t, await signInWithout(person, 'acr_values'), /in the way that was asked for \(acr\)/)
  t.match(await person.session(), { authenticated: false })
  t.equal((await person.signIn()).url, `${origin}/`, 'one click later')
})

for (const acr of [undefined, 'urn:example:low', 7, [high]]) {
  t.test(`refuses a sign-in of the way ${JSON.stringify(acr)} where OIDC_ACR_VALUES asks for another, unless that is voluntary`, async t => {
    const options = { configuration: { acrValues: [high] } }
    const prepare = changeIdTokens(claims => { claims['acr'] = acr })
    const { person } = await start(t, { ...options, prepare }, { OIDC_ACR_VALUES: high })
    unmet(t, await person.signIn(), /acr/)
    const lenient = await start(t, { ...options, prepare }, { OIDC_ACR_VALUES: high, OIDC_ACR: 'voluntary' })
    await lenient.person.signIn()
    t.match(await lenient.person.session(), { authenticated: true })
  })
}

t.test('holds the sign-in of a further provider to its parameters', async t => {
  const [addresses, others] = [await freeAddresses(), await freeAddresses()]
  const { issuer } = await startBareProvider(t, { ...others, app: addresses.app }, {
    client: { redirect_uris: [`${addresses.app}/callback/other`] }, configuration: { features: { claimsParameter: { enabled: true } }, acrValues: [high] }
  })
  const asked: [Record<string, string>, RegExp][] = [
    [{ prompt: 'login' }, /auth_time/],
    [{ max_age: '0' }, /auth_time/],
    [{ acr_values: high }, /acr/],
    [{ claims: JSON.stringify({ id_token: { acr: { essential: true, value: high } } }) }, /acr/]
  ]
  for (const [parameters, says] of asked) {
    const files = temporaryFolder(t)
    writeFileSync(`${files}/providers.yaml`, JSON.stringify([{
      name: 'other', issuer, client_id: ours.clientId, client_secret: ours.clientSecret, parameters
    }]))
    const { app, origin } = await startRelyingParty(t, addresses, {
      ...inBrowser, OIDC_PROVIDERS_FILE: `${files}/providers.yaml`
    })
    const person = new Person(origin)
    const { location } = await person.request(`/login?${new URLSearchParams({ iss: issuer })}`)
    for (const name of [...Object.keys(parameters), 'max_age']) location!.searchParams.delete(name)
    unmet(t, await person.open(location!.href), says)
    await app.close()
  }
})

const refreshed: [string, (claims: Claims) => void, number][] = [
  ['another auth_time', claims => { claims['auth_time'] = 7 }, 401],
  ['another nonce', claims => { claims['nonce'] = 'of-another-sign-in' }, 401],
  ['neither', claims => { delete claims['auth_time']; delete claims['nonce'] }, 200]
]
// https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokenResponse
for (const [what, change, status] of refreshed) {
  t.test(`${status === 200 ? 'takes' : 'refuses'} a refreshed ID token with ${what}`, async t => {
    const { person } = await start(t, {
      configuration: { ttl: { AccessToken: 29 } },
      client: { require_auth_time: true },
      prepare: changeIdTokens((claims, grantType) => { if (grantType === 'refresh_token') change(claims) })
    }, { OIDC_SCOPE: 'openid profile email offline_access', OIDC_PROMPT: 'consent' })
    await person.signIn()
    t.equal((await person.profile()).status, status)
    t.match(await person.session(), { authenticated: status === 200 })
  })
}

const asked = {
  audience: 'https://api.example', acr_values: 'urn:example:high', prompt: 'login', max_age: 600, ui_locales: 'de en'
}
for (const [label, par] of [['in a pushed request', 'auto'], ['in the browser', 'never']] as const) {
  t.test(`asks for what its settings say, ${label}`, async t => {
    const { person, origin, provider } = await start(t, {
      configuration: { acrValues: [asked.acr_values], extraParams: ['audience'] },
      prepare: changeIdTokens(claims => { claims['acr'] = asked.acr_values })
    }, {
      OIDC_AUDIENCE: asked.audience,
      OIDC_ACR_VALUES: asked.acr_values,
      OIDC_PROMPT: asked.prompt,
      OIDC_MAX_AGE: String(asked.max_age),
      OIDC_UI_LOCALES: asked.ui_locales,
      OIDC_PAR: par
    })
    await wholeVisit(t, person, origin)
    const requests = provider.at('/auth')
    t.match(requests[0]?.understood, { client_id: 'relying-party', ...asked })
    t.equal('request_uri' in requests[0]!.query, par === 'auto')
    const forMessenger = requests.find(({ understood }) => understood['client_id'] === 'genesys-messenger')
    t.match(forMessenger?.understood, { prompt: 'none', audience: undefined, acr_values: undefined })
  })
}

/** The person has proved who they are longer ago than it says in the request. */
function signInLongAgo (provider: Provider) {
  const { issue } = provider.IdToken.prototype
  provider.IdToken.prototype.issue = function (context) {
    this.set('auth_time', Math.floor(Date.now() / 1000) - 3600)
    return issue.call(this, context)
  }
}

t.test('refuses a sign-in that is older than OIDC_MAX_AGE', async t => {
  const { person } = await start(t, { prepare: signInLongAgo }, { OIDC_MAX_AGE: '600' })
  const page = await person.signIn()
  t.equal(page.status, 400)
  t.match(page.$('dl').text(), /auth_time/)
  t.match(await person.session(), { authenticated: false })
})

t.test('takes the same sign-in where no OIDC_MAX_AGE is set', async t => {
  const { person } = await start(t, { prepare: signInLongAgo })
  await person.signIn()
  t.match(await person.session(), { authenticated: true })
})

/** The provider's clock is ahead of ours. */
const ahead = (seconds: number) => (provider: Provider) => {
  const { issue } = provider.IdToken.prototype
  provider.IdToken.prototype.issue = function (context) {
    const now = Math.floor(Date.now() / 1000)
    this.set('iat', now + seconds)
    this.set('exp', now + seconds + 3600)
    return issue.call(this, context)
  }
}

for (const [seconds, settings, comesIn] of [
  [110, {}, true], [130, {}, false], [130, { OIDC_CLOCK_TOLERANCE: '180' }, true], [20, { OIDC_CLOCK_TOLERANCE: '0' }, false]
] as const) {
  const tolerance = 'OIDC_CLOCK_TOLERANCE' in settings ? settings.OIDC_CLOCK_TOLERANCE : '120'
  t.test(`${comesIn ? 'signs in' : 'does not sign in'} where the provider is ${seconds} s ahead, and ${tolerance} s are tolerated`, async t => {
    const { person } = await start(t, { prepare: ahead(seconds) }, settings)
    const page = await person.signIn()
    t.match(await person.session(), { authenticated: comesIn })
    if (!comesIn) t.match(page.$('dl').text(), /from the future \(iat\): the clocks .* \(OIDC_CLOCK_TOLERANCE\)/)
  })
}

// https://openid.net/specs/openid-connect-core-1_0.html#PairwiseAlg
t.test('signs in where a person has another sub for each client, and asks for the Messenger\'s code without one', async t => {
  const { person, provider, origin } = await start(t, {
    configuration: {
      subjectTypes: ['pairwise'],
      pairwiseIdentifier: async (_ctx, accountId, { clientId }) => `${accountId} of ${clientId}`
    }
  })
  const page = await person.signIn()
  t.equal(page.url, `${origin}/`, page.$('dl').text())
  t.match(await person.session(), { authenticated: true, user: { sub: 'ada of relying-party' } })
  t.match(await person.profile(), { status: 200, body: { sub: 'ada of relying-party' } })
  const forMessenger = provider.at('/auth').find(({ query }) => query['client_id'] === 'genesys-messenger')
  t.match(forMessenger?.query, { prompt: 'none', claims: undefined })
})

t.test('asks for the Messenger\'s code for the same sub where the provider takes the claims parameter', async t => {
  const { person, provider } = await start(t, { configuration: { features: { claimsParameter: { enabled: true } } } })
  await person.signIn()
  const forMessenger = provider.at('/auth').find(({ query }) => query['client_id'] === 'genesys-messenger')
  t.same(JSON.parse(forMessenger!.query['claims']!), { id_token: { sub: { value: 'ada' } } })
})

// https://openid.net/specs/openid-connect-core-1_0.html#UserInfoResponse
t.test('takes claims that come as a signed JWT', async t => {
  const { person } = await start(t, {
    client: { userinfo_signed_response_alg: 'RS256' }, configuration: { features: { jwtUserinfo: { enabled: true } } }
  })
  const page = await person.signIn()
  t.match(await person.session(), { authenticated: true, user: claimsOf('ada') }, page.$('dl').text())
  t.match(await person.profile(), { status: 200, body: claimsOf('ada') })
})

const ofWrongTypes = {
  name: { given: 'Ada' },
  given_name: 7,
  nickname: null,
  picture: ['https://a.example/ada.png'],
  locale: 1,
  email: 42,
  email_verified: 'true',
  updated_at: 'today',
  address: 'Quay Lane',
  'name#ja-Kana-JP': ['アダ'],
  groups: ['kayaks'],
  member_since: 1843
}

for (const [label, inIdToken, atUserinfo] of [
  ['the ID token', ofWrongTypes, { name: 'Ada Lovelace' }],
  ['userinfo', { name: 'Ada Lovelace' }, ofWrongTypes]
] as const) {
  t.test(`leaves out what ${label} has of a wrong type, and keeps the rest`, async t => {
    const { person } = await start(t, {
      configuration: {
        conformIdTokenClaims: false,
        claims: { openid: ['sub', ...Object.keys(ofWrongTypes)] },
        findAccount: (_ctx, sub) => ({
          accountId: sub, claims: use => ({ sub, ...use === 'id_token' ? inIdToken : atUserinfo })
        })
      }
    })
    await person.signIn()
    const expected = { sub: 'ada', name: 'Ada Lovelace', groups: ['kayaks'], member_since: 1843 }
    t.strictSame((await person.session()).user, expected)
    const { name, ...rest } = expected
    t.strictSame((await person.profile()).body, label === 'userinfo' ? rest : { sub: 'ada', name })
  })
}

// https://openid.net/specs/openid-connect-core-1_0.html#OfflineAccess
t.test('gets a refresh token by offline_access and consent, and uses each once', async t => {
  // Half a minute before its end, a token is refreshed.
  const { person, provider } = await start(t, { configuration: { ttl: { AccessToken: 29 }, rotateRefreshToken: true } }, {
    OIDC_SCOPE: 'openid profile email offline_access', OIDC_PROMPT: 'consent'
  })
  await person.signIn()
  for (const time of ['once', 'twice']) t.match(await person.profile(), { status: 200, body: claimsOf('ada') }, time)
  const refreshTokens = provider.at('/token').map(({ body }) => body['refresh_token'])
  t.equal(refreshTokens.length, 3)
  t.equal(new Set(refreshTokens).size, 3, 'the code, and two refresh tokens')
})

const offline = { OIDC_SCOPE: 'openid profile email offline_access', OIDC_PROMPT: 'consent' }

/** With refresh tokens that outlive its own session, and the endpoint to end them. */
async function startOffline (t: Test, prepare: (provider: Provider) => void = () => {}) {
  const refreshTokens: string[] = []
  const started = await start(t, {
    configuration: { features: { revocation: { enabled: true } } },
    prepare: provider => {
      prepare(provider)
      provider.use(async (ctx, next) => {
        await next()
        const { refresh_token: refreshToken } = (ctx.path === '/token' ? ctx.body : {}) as { refresh_token?: string }
        if (refreshToken !== undefined) refreshTokens.push(refreshToken)
      })
    }
  }, { ...inBrowser, ...offline })
  const revoked = () => started.provider.at('/token/revocation').map(({ body }) => body['token'])
  return { ...started, refreshTokens, revoked }
}

// https://www.rfc-editor.org/rfc/rfc7009
t.test('gives the refresh token back at sign-out, and keeps nobody waiting for that', async t => {
  const held = Promise.withResolvers<void>()
  const { person, origin, provider, refreshTokens, revoked } = await startOffline(t, provider => provider.use(async (ctx, next) => {
    if (ctx.path === '/token/revocation') await held.promise
    return next()
  }))
  await person.signIn()
  t.equal((await person.signOut()).url, `${origin}/`)
  t.same(revoked(), [], 'not by then')
  held.resolve()
  await until('it is given back', () => revoked().length > 0)
  t.match(provider.at('/token/revocation'), [{ authorization: /^Basic /, body: { token: refreshTokens[0]!, token_type_hint: 'refresh_token' } }])
  t.equal(refreshTokens.length, 1)
})

const endings: Record<string, (first: Person, second: Person) => Promise<unknown>> = {
  'by signing out everywhere': async first => {
    const { csrfToken } = await first.session()
    return first.request('/logout/everywhere', { method: 'POST', body: { _csrf: String(csrfToken) } })
  },
  'out of the list': async first => {
    const { csrfToken } = await first.session()
    const { sessions } = (await first.request('/sessions')).json<{ sessions: { handle: string }[] }>()
    for (const { handle } of sessions) {
      await first.request(`/sessions/${handle}/end`, { method: 'POST', body: { _csrf: String(csrfToken) } })
    }
  },
  'by the provider': async (first, second) => {
    for (const person of [first, second]) await person.request(`/frontchannel-logout?sid=${(await person.session()).user!['lab_sid']}`)
  }
}

/** The provider names its session, also to the person. */
function tellSid (provider: Provider) {
  Object.defineProperty(provider.Client.prototype, 'includeSid', { value: () => true })
  changeIdTokens(claims => { claims['lab_sid'] = claims['sid'] })(provider)
}

for (const [how, end] of Object.entries(endings)) {
  t.test(`gives back the refresh token of each session that is ended ${how}`, async t => {
    const { person, origin, refreshTokens, revoked } = await startOffline(t, tellSid)
    const second = new Person(origin)
    for (const each of [person, second]) await each.signIn()
    await end(person, second)
    for (const each of [person, second]) t.match(await each.session(), { authenticated: false })
    await until('they are given back', () => revoked().length === 2)
    t.same(revoked().toSorted(), refreshTokens.toSorted())
  })
}

t.test('gives back the refresh token of whose place somebody else takes, not that of who signs in again', async t => {
  const { person, provider, refreshTokens, revoked } = await startOffline(t)
  await person.signIn()
  await person.signIn()
  t.same(revoked(), [])
  t.equal((await person.profile()).status, 200, 'the provider may know both by one grant')

  const { location } = await person.request('/login')
  location!.searchParams.set('prompt', 'login consent')
  let page = await person.follow(await person.request(location!.href))
  while (page.$('form').length > 0 && page.status === 200 && page.url.startsWith(provider.issuer)) {
    page = await person.submit(page, { login: 'bob', password: 'any' })
  }
  t.match(await person.session(), { user: { sub: 'bob' } })
  await until('it is given back', () => revoked().length > 0)
  t.same(revoked(), [refreshTokens[1]])
})

t.test('ends the session of a sid that comes without iss, as Entra ID sends it', async t => {
  const sids: string[] = []
  const { origin, person } = await start(t, {
    prepare: provider => {
      Object.defineProperty(provider.Client.prototype, 'includeSid', { value: () => true })
      const { issue } = provider.IdToken.prototype
      provider.IdToken.prototype.issue = async function (context) {
        const token = await issue.call(this, context)
        sids.push(String(decodeJwt(token)['sid']))
        return token
      }
    }
  })
  await person.signIn()
  t.match(await person.session(), { authenticated: true })
  const frame = new Person(origin)
  t.equal((await frame.request('/frontchannel-logout?sid=of-nobody')).status, 200)
  t.match(await person.session(), { authenticated: true })
  t.equal((await frame.request(`/frontchannel-logout?sid=${sids[0]}`)).status, 200)
  t.match(await person.session(), { authenticated: false, ended: { reason: 'signed_out_at_provider' } })
})
