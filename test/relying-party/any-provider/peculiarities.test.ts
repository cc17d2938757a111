import { decodeJwt } from 'jose'
import t, { type Test } from 'tap'
import { claimsOf, startBareProvider } from './bare-provider.ts'
import { Person } from './person.ts'
import { freeAddresses, startRelyingParty } from './relying-party.ts'

async function start (t: Test, options: Parameters<typeof startBareProvider>[2], settings: Record<string, string> = {}) {
  const addresses = await freeAddresses()
  const provider = await startBareProvider(t, addresses, options)
  const { origin } = await startRelyingParty(t, addresses, settings)
  return { provider, origin, person: new Person(origin) }
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
  t.equal(page.url.href, `${origin}/`, page.$('dl').text())
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
  const a = await freeAddresses()
  const sids: string[] = []
  await startBareProvider(t, a, {
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
  const { origin } = await startRelyingParty(t, a)
  const person = new Person(origin)
  await person.signIn()
  t.match(await person.session(), { authenticated: true })
  const frame = new Person(origin)
  t.equal((await frame.request('/frontchannel-logout?sid=of-nobody')).status, 200)
  t.match(await person.session(), { authenticated: true })
  t.equal((await frame.request(`/frontchannel-logout?sid=${sids[0]}`)).status, 200)
  t.match(await person.session(), { authenticated: false, ended: { reason: 'signed_out_at_provider' } })
})
