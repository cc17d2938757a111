// What the relying party asks of a sign-in, and holds it to.
import { writeFileSync } from 'node:fs'
import type { Provider } from 'oidc-provider'
import t, { type Test } from 'tap'
import type { Page } from '../../helpers/browser.ts'
import { stopClock } from '../../helpers/clock.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'
import { startBareProvider } from './bare-provider.ts'
import { Person } from './person.ts'
import { freeAddresses, ours, startRelyingParty } from './relying-party.ts'
import { changeIdTokens, type Claims, inBrowser, start } from './start.ts'

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

/** What a person does who would rather not be asked: to take it out of the address on the way to the provider. */
async function signInWithout (person: Person, ...names: string[]) {
  const { location } = await person.request('/login')
  for (const name of names) location!.searchParams.delete(name)
  return person.open(location!.href)
}

/** Sign out here alone, so that the provider still knows who it is. */
async function signOutHere (person: Person) {
  const { csrfToken } = await person.session()
  await person.request('/logout', { form: { _csrf: String(csrfToken) } })
}

const high = 'urn:example:high'
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

for (const [how, settings] of [['asked in the address', inBrowser], ['asked by a pushed request', {}]] as const) {
  t.test(`says whose the question is where the provider knows no prompt=create, ${how}`, async t => {
    const { person } = await start(t, { configuration: { features: { pushedAuthorizationRequests: { enabled: true } } } }, {
      ...settings, OIDC_PROMPT: 'create'
    })
    const page = await person.signIn()
    t.equal(page.status, 400)
    t.equal(page.$('h1').text(), 'The identity provider does not offer that')
    t.match(page.$('main').text(), /Its operator has to look at OIDC_PROMPT.*prompt=create/s)
    t.notMatch(page.$('main').text(), 'our mistake')
  })
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
  const { person, origin } = await start(t, { configuration: { ttl: { AuthorizationCode: 600 } } }, { ...inBrowser, OIDC_PROMPT: 'login' })
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
  const submitted = await person.submit(form, { login: 'ada', password: 'any' }, undefined, () => true)
  const signedIn = await person.request(submitted.location!.href)
  letTimePass(300)
  await person.open(signedIn.location!.href)
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

t.test('refuses one of a further provider with another auth_time just the same', async t => {
  const [addresses, others] = [await freeAddresses(), await freeAddresses()]
  const { issuer } = await startBareProvider(t, { ...others, app: addresses.app }, {
    configuration: { ttl: { AccessToken: 29 } },
    client: { redirect_uris: [`${addresses.app}/callback/other`], require_auth_time: true },
    prepare: changeIdTokens((claims, grantType) => { if (grantType === 'refresh_token') claims['auth_time'] = 7 })
  })
  const file = `${temporaryFolder(t)}/providers.yaml`
  writeFileSync(file, JSON.stringify([{
    name: 'other', issuer, client_id: ours.clientId, client_secret: ours.clientSecret, scope: 'openid offline_access', parameters: { prompt: 'consent' }
  }]))
  const { origin } = await startRelyingParty(t, addresses, { ...inBrowser, OIDC_PROVIDERS_FILE: file })
  const person = new Person(origin)
  await person.open(`/login?${new URLSearchParams({ iss: issuer })}`)
  t.match(await person.session(), { authenticated: true })
  t.equal((await person.profile()).status, 401)
  t.match(await person.session(), { authenticated: false })
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

t.test('warns at the start of a provider whose clock is too far from ours', async t => {
  for (const [seconds, says] of [[-300, /clock of http.* is (299|30\d) s behind ours, and 120 s are tolerated/], [100, undefined]] as const) {
    const addresses = await freeAddresses()
    await startBareProvider(t, addresses, {
      prepare: provider => provider.use(async (ctx, next) => {
        await next()
        ctx.set('date', new Date(Date.now() + seconds * 1000).toUTCString())
      })
    })
    const { origin, lines } = await startRelyingParty(t, addresses)
    await new Person(origin).request('/login')
    const warnings = lines.filter(line => line.includes('OIDC_CLOCK_TOLERANCE'))
    if (says) t.match(warnings[0], says)
    else t.same(warnings, [])
  }
})

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
