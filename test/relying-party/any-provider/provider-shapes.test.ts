// Providers as products shape and configure them.
import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair } from 'jose'
import type { Provider } from 'oidc-provider'
import t, { type Test } from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { type BareProvider, claimsOf, startBareProvider } from './bare-provider.ts'
import { Person } from './person.ts'
import { freeAddresses, ours, startRelyingParty } from './relying-party.ts'
import { changeIdTokens, start } from './start.ts'

/** Sign in, see the profile and sign out: what a person does with any provider. */
async function wholeVisit (t: Test, person: Person, origin: string) {
  const page = await person.signIn()
  t.equal(page.url, `${origin}/`, page.$('dl').text())
  t.match(await person.session(), { authenticated: true, user: claimsOf('ada') })
  t.match(await person.profile(), { status: 200, body: claimsOf('ada') })
  await person.fetchCode()
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
  t.ok((await person.cookieHeader()).length < 1024, `${(await person.cookieHeader()).length} bytes of cookies`)
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
  await person.fetchCode()
  const forMessenger = provider.at('/auth').find(({ query }) => query['client_id'] === 'genesys-messenger')
  t.match(forMessenger?.query, { prompt: 'none', claims: undefined })
})

t.test('asks for the Messenger\'s code for the same sub where the provider takes the claims parameter', async t => {
  const { person, provider } = await start(t, { configuration: { features: { claimsParameter: { enabled: true } } } })
  await person.signIn()
  await person.fetchCode()
  const forMessenger = provider.at('/auth').find(({ query }) => query['client_id'] === 'genesys-messenger')
  t.same(JSON.parse(forMessenger!.query['claims']!), { id_token: { sub: { value: 'ada' } } })
})

/** Answer the requests for the Messenger's code otherwise. */
const forMessenger = (answer: (ctx: { query: Record<string, unknown>, status: number, body: unknown, redirect (url: string): void }) => boolean) =>
  (provider: Provider) => {
    provider.use(async (ctx, next) => {
      if (ctx.path !== '/auth' || ctx.query['client_id'] !== 'genesys-messenger' || !answer(ctx)) await next()
    })
  }

function refuse (ctx: Parameters<Parameters<typeof forMessenger>[0]>[0], iss: string, error: string): true {
  const { redirect_uri: redirectUri, state } = ctx.query
  ctx.redirect(`${String(redirectUri)}?${new URLSearchParams({ error, state: String(state), iss })}`)
  return true
}

const secondCodeRefused: [string, Parameters<typeof start>[1] & object, { asked: number, outcome: string, reason?: string }][] = [
  ['takes pushed requests only', { configuration: { features: { pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true } } } }, {
    asked: 0, outcome: 'pushed_requests_only', reason: 'pushed_requests_only'
  }],
  ['does not know prompt=none', { prepare: provider => forMessenger(ctx => refuse(ctx, provider.issuer, 'unsupported_prompt'))(provider) }, {
    asked: 1, outcome: 'unsupported_prompt', reason: 'unsupported_prompt'
  }],
  ['has an error page for it', { prepare: forMessenger(ctx => { [ctx.status, ctx.body] = [500, 'Oops']; return true }) }, {
    asked: 1, outcome: 'Oops'
  }]
]
for (const [what, options, { asked, outcome, reason }] of secondCodeRefused) {
  t.test(`leaves a person at home, and signed in, whose provider ${what}`, async t => {
    const { person, origin } = await start(t, options)
    t.equal((await person.signIn()).url, `${origin}/`)
    t.match(await person.session(), { authenticated: true, user: claimsOf('ada') })
    t.notOk(person.visited.some(url => url.includes('genesys-messenger')), 'on the way nobody has asked for a code for the Messenger')

    const inFrame = await person.fetchCode()
    t.equal(reason === undefined ? inFrame.text : new URL(inFrame.url).searchParams.get('outcome'), outcome, 'the page sees it in a frame')
    t.equal(person.visited.filter(url => url.includes('client_id=genesys-messenger')).length, asked)
    if (reason === undefined) return

    t.equal((await person.open('/messenger/login?return_to=/?tour')).url, `${origin}/?tour`, 'by a redirect')
    const { csrfToken } = await person.session()
    const { status, json } = await person.request('/messenger/auth-code', { method: 'POST', headers: { 'csrf-token': String(csrfToken) } })
    t.strictSame([status, json()], [409, { error: 'code_refused', reason }])
  })
}

// https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
t.test('gives an ID token as a hint, with and without a page', async t => {
  const { person, provider, origin } = await start(t, {
    prepare: ({ IdToken }) => {
      const { validate } = IdToken
      IdToken.validate = async (hint, client) => validate.call(IdToken, hint, Object.create(client, { clientId: { value: ours.clientId } }))
    }
  })
  await person.signIn()
  t.equal((await person.open('/messenger/login')).url, `${origin}/`)
  const requests = provider.at('/auth').slice(1)
  t.same(requests.map(({ query: { prompt } }) => prompt), ['none', undefined], 'it asks for consent')
  for (const { query } of requests) t.match(decodeJwt(query['id_token_hint']!), { sub: 'ada', aud: ours.clientId })
})

for (const [what, error] of [['as it comes does', undefined], ['calls them wrong does', 'invalid_id_token_hint']] as const) {
  t.test(`gives none again to a provider that takes none of other clients, as one that ${what}`, async t => {
    const hints: unknown[] = []
    const { person, origin } = await start(t, {
      prepare: provider => forMessenger(ctx => {
        hints.push(ctx.query['id_token_hint'])
        return error !== undefined && hints.at(-1) !== undefined && refuse(ctx, provider.issuer, error)
      })(provider)
    })
    await person.signIn()
    const goesWell = async () =>
      t.equal((await person.fetchCode()).url, `${origin}/messenger/frame?outcome=consent_required`, 'now it is about consent')
    await goesWell()
    await goesWell()
    t.match(hints.map(hint => typeof hint), ['string', 'undefined', 'undefined'], 'it learns by the first, and leaves it out from then on')
  })
}

t.test('asks for no code of somebody else, where the provider says that it is not the hinted person who is signed in', async t => {
  let asked = 0
  const { person, origin } = await start(t, {
    prepare: provider => forMessenger(ctx => {
      asked++
      return refuse(ctx, provider.issuer, 'login_required')
    })(provider)
  })
  await person.signIn()
  t.equal((await person.fetchCode()).url, `${origin}/messenger/frame?outcome=login_required`)
  t.equal(asked, 1)
})

t.test('gives none that would make the address too long', async t => {
  let asked = 0
  const { person, origin } = await start(t, {
    configuration: {
      conformIdTokenClaims: false,
      findAccount: (_ctx, accountId) => ({ accountId, claims: () => ({ ...claimsOf(accountId), name: 'Ada'.repeat(1_000) }) })
    },
    prepare: provider => forMessenger(ctx => {
      asked++
      return refuse(ctx, provider.issuer, 'invalid_request')
    })(provider)
  })
  await person.signIn()
  t.equal((await person.fetchCode()).url, `${origin}/messenger/frame?outcome=invalid_request`)
  t.equal(asked, 1)
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
