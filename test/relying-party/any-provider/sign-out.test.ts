// Signing out with providers as products shape them, and what is given back then.
import type { Provider } from 'oidc-provider'
import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { until } from '../../helpers/until.ts'
import { Person } from './person.ts'
import { changeIdTokens, inBrowser, start } from './start.ts'

const manyGroups = (groups: number) => ({
  configuration: {
    // As the specification has it, but not oidc-provider by itself.
    enableHttpPostMethods: true,
    cookies: { long: { sameSite: 'none' as const } },
    conformIdTokenClaims: false,
    claims: { openid: ['sub', 'groups'] },
    findAccount: (_ctx: unknown, sub: string) => ({
      accountId: sub, claims: () => ({ sub, groups: Array.from({ length: groups }, (_, n) => `group ${n} of the estuary`) })
    })
  }
})

// https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout
t.test('posts an ID token to the provider that is too long for an address, and signs out there', async t => {
  const { person, origin, provider } = await start(t, manyGroups(400), inBrowser)
  await person.signIn()
  const page = await person.signOut()
  t.match(page.url, `${origin}/logout/at-provider?`)
  t.match(page.$('main').text(), /You are signed out here.*sign out at idp\.localhost:\d+ too/s)
  t.match(page.headers.get('content-security-policy'), /default-src 'none'.*form-action \*/)
  t.equal(page.headers.get('cache-control'), 'no-store')
  t.match(await person.session(), { authenticated: false })
  t.equal((await person.request(page.url)).text, page.text, 'as often as it is loaded')

  const question = await person.submit(page, {}, 'Sign out there too')
  t.equal((await person.submit(question, { logout: 'yes' })).url, `${origin}/`)
  t.match(provider.at('/session/end').at(-1), {
    query: {}, body: { id_token_hint: /^eyJ.{10000}/, client_id: 'relying-party', post_logout_redirect_uri: `${origin}/logout/callback`, state: /^.{43}$/ }
  })
  t.ok(person.visited.every(url => url.length <= 4_000), 'and no address was longer than servers take')
  t.equal((await person.request(page.url)).location?.href, `${origin}/`, 'after that it leads home')
})

t.test('sends a shorter ID token in the address', async t => {
  const { person, origin } = await start(t, manyGroups(20), inBrowser)
  await person.signIn()
  t.equal((await person.signOut()).url, `${origin}/`)
  t.ok(person.visited.some(url => url.includes('/session/end?') && url.includes('id_token_hint=eyJ')))

  const longer = await start(t, manyGroups(130), inBrowser)
  await longer.person.signIn()
  t.match((await longer.person.signOut()).url, `${longer.origin}/logout/at-provider?`, 'but none that makes it longer than 4,000 characters')
})

t.test('has a page for signing out there shown to nobody but who signs out', async t => {
  const { person, origin } = await start(t, manyGroups(400))
  await person.signIn()
  const { url } = await person.signOut()
  t.equal((await new Person(origin).request(url)).location?.href, `${origin}/`)
})

const offline = { OIDC_SCOPE: 'openid profile email offline_access', OIDC_PROMPT: 'consent' }

/** With refresh tokens that outlive its own session, and the endpoint to end them. */
async function startOffline (
  t: Test, prepare: (provider: Provider) => void = () => {}, settings: Record<string, string> = {}
) {
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
  }, { ...inBrowser, ...offline, ...settings })
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
    return first.request('/logout/everywhere', { form: { _csrf: String(csrfToken) } })
  },
  'out of the list': async first => {
    const { csrfToken } = await first.session()
    const { sessions } = (await first.request('/sessions')).json<{ sessions: { handle: string }[] }>()
    for (const { handle } of sessions) {
      await first.request(`/sessions/${handle}/end`, { form: { _csrf: String(csrfToken) } })
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

t.test('gives back the refresh token of a session that has ended by time, once nobody else of that person is signed in', async t => {
  mock.timers.enable({ apis: ['setInterval', 'Date'], now: Date.now() })
  t.teardown(() => mock.timers.reset())
  const { person, origin, refreshTokens, revoked } = await startOffline(t)
  const second = new Person(origin)
  await person.signIn()
  mock.timers.tick(40 * 60_000)
  await second.signIn()
  mock.timers.tick(30 * 60_000)
  t.match(await person.session(), { authenticated: false, ended: { reason: 'expired' } })
  t.match(await second.session(), { authenticated: true }, 'who may have theirs by the same grant')
  mock.timers.tick(70 * 60_000)
  await until('it is given back', () => revoked().length > 0)
  t.same(revoked(), [refreshTokens[1]])
})

const refusals: Record<string, { prepare: (provider: Provider) => void, settings?: Record<string, string>, error: string }> = {
  acr: { prepare: () => {}, settings: { OIDC_ACR_VALUES: 'urn:example:high' }, error: 'unmet_authentication_requirements' },
  auth_time: { prepare: changeIdTokens(claims => { claims['auth_time'] = 1 }), settings: { OIDC_MAX_AGE: '600' }, error: 'unmet_authentication_requirements' },
  nonce: { prepare: changeIdTokens(claims => { claims['nonce'] = 'of another request' }), error: 'invalid_id_token' },
  'the sub of userinfo': {
    prepare: provider => provider.use(async (ctx, next) => {
      await next()
      if (ctx.path === '/me') ctx.body = { sub: 'somebody-else' }
    }),
    error: 'invalid_userinfo'
  }
}
for (const [what, { prepare, settings, error }] of Object.entries(refusals)) {
  t.test(`gives back the refresh token of a sign-in that is refused for ${what}`, async t => {
    const { person, refreshTokens, revoked } = await startOffline(t, prepare, settings)
    const page = await person.signIn()
    t.match(page.$('dl').text(), error)
    await until('it is given back', () => revoked().length > 0)
    t.equal(refreshTokens.length, 1)
    t.same(revoked(), refreshTokens)
  })
}

t.test('gives none back where who is signed in fails to sign in again: the provider may know both by one grant', async t => {
  let isSpoilt = false
  const { person, refreshTokens, revoked } = await startOffline(t, changeIdTokens(claims => { if (isSpoilt) claims['nonce'] = 'x' }))
  await person.signIn()
  isSpoilt = true
  t.equal((await person.signIn()).status, 400)
  t.equal(refreshTokens.length, 2)
  t.equal((await person.profile()).status, 200)
  t.same(revoked(), [])
})
