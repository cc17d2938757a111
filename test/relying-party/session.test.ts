import t from 'tap'
import { buildAlone, buildWithIdp } from './helper.ts'

t.test('says who is signed in, until when, and never a token', async t => {
  const { idp, tab } = await buildWithIdp(t)
  const visitor = tab()
  const { status, location } = await visitor.signIn(idp, 'alice')
  t.equal(status, 303)
  t.equal(location?.pathname, '/messenger/login')

  const { json, text, headers } = await visitor.get('/session')
  t.match(json(), { authenticated: true, user: { sub: 'usr-7f3a91c0', name: 'Alice Anders', email: 'alice@example.org' }, csrfToken: /.{20,}/ })
  t.same(Object.keys(json()).sort(), ['authenticated', 'csrfToken', 'expiresAt', 'user'])
  const hours = (Date.parse(String(json()['expiresAt'])) - Date.now()) / 3_600_000
  t.ok(hours > 7.9 && hours <= 8, 'eight hours from now')
  t.notMatch(text, /eyJ[\w-]{10}|access_?token|id_?token|refresh_?token/)
  t.equal(headers['cache-control'], 'no-store')
})

for (const path of ['/logout', '/messenger/auth-code']) {
  t.test(`refuses POST ${path} without the token of the page, and leaves the session alone`, async t => {
    const { idp, tab } = await buildWithIdp(t)
    const visitor = tab()
    await visitor.signIn(idp, 'alice')
    for (const headers of [{}, { 'csrf-token': 'guessed' }]) {
      const { status, json, location } = await visitor.post(path, { accept: 'application/json', ...headers })
      t.equal(status, 403)
      t.equal(json()['error'], 'csrf')
      t.equal(location, undefined)
    }
    t.match((await visitor.get('/session')).json(), { authenticated: true })
  })
}

t.test('takes no token of another session', async t => {
  const { idp, tab } = await buildWithIdp(t)
  const [alice, bob] = [tab(), tab()]
  await alice.signIn(idp, 'alice')
  await bob.signIn(idp, 'bob')
  const token = String((await bob.get('/session')).json()['csrfToken'])
  t.equal((await alice.post('/logout', { 'csrf-token': token })).status, 403)
})

t.test('asks for a sign-in for the Messenger when no code waits for it', async t => {
  const { idp, tab } = await buildWithIdp(t)
  const visitor = tab()
  await visitor.signIn(idp, 'alice')
  const token = String((await visitor.get('/session')).json()['csrfToken'])
  const { status, json, headers } = await visitor.post('/messenger/auth-code?return_to=%2Ftours', { 'csrf-token': token, accept: 'application/json' })
  t.equal(status, 409)
  t.same(json(), { error: 'code_required', location: '/messenger/login?return_to=%2Ftours' })
  t.equal(headers['cache-control'], 'no-store')
})

t.test('ends the session here and sends the browser to end it at the identity provider', async t => {
  const { idp, tab, config } = await buildWithIdp(t)
  const visitor = tab()
  await visitor.signIn(idp, 'alice')
  const stolen = await visitor.jar.getCookieString(config.app)
  const token = String((await visitor.get('/session')).json()['csrfToken'])

  const { status, location } = await visitor.post('/logout', { 'csrf-token': token })
  t.equal(status, 303)
  t.equal(`${location?.origin}${location?.pathname}`, `${config.issuer}/session/end`)
  t.match(Object.fromEntries(location!.searchParams), { id_token_hint: /^eyJ/, post_logout_redirect_uri: `${config.app}/logout/callback`, state: /^.{43}$/ })
  t.match((await visitor.get('/session')).json(), { authenticated: false })
  t.match((await tab().get('/session', { cookie: stolen })).json(), { authenticated: false }, 'nor does a copy of the cookie work')
})

const cookies: [string, string, string, boolean][] = [
  ['over plain http', '', '', false],
  ['behind TLS', 'https://brand.example', '__Host-', true]
]
for (const [label, appUrl, prefix, secure] of cookies) {
  t.test(`keeps its cookies from scripts and other sites ${label}`, async t => {
    const { idp, tab, config } = await buildWithIdp(t, { APP_URL: appUrl })
    const visitor = tab()
    const login = await visitor.get('/login')
    t.equal((await visitor.signIn(idp, 'alice')).status, 303)
    const kept = await visitor.jar.getCookies(config.app)
    const state = login.location?.searchParams.get('state')
    t.same(kept.map(({ key }) => key).sort(), [`${prefix}attempt.${state}`, `${prefix}session`].sort())
    for (const cookie of kept) {
      const { httpOnly, sameSite, path, hostOnly } = cookie
      t.same({ httpOnly, sameSite, path, hostOnly, secure: cookie.secure }, { httpOnly: true, sameSite: 'lax', path: '/', hostOnly: true, secure }, cookie.key)
    }
  })
}

t.test('gives a new session to who signs in again, and ends the old one', async t => {
  const { idp, tab, config } = await buildWithIdp(t)
  const visitor = tab()
  await visitor.signIn(idp, 'alice')
  const old = await visitor.jar.getCookieString(config.app)
  await visitor.signIn(idp, 'bob')
  t.match((await visitor.get('/session')).json(), { user: { name: 'Bob Brandt' } })
  t.match((await tab().get('/session', { cookie: old })).json(), { authenticated: false })
})

t.test('ends the session of a provider that was taken out of the settings', async t => {
  const settings = { STATE_DIR: t.testdir({}) }
  const { idp, tab, config } = await buildWithIdp(t, settings)
  const visitor = tab()
  await visitor.signIn(idp, 'alice')
  const moved = await buildAlone(t, { ...settings, APP_PORT: String(config.port) })
  const cookie = await visitor.jar.getCookieString(config.app)
  t.same((await moved.tab().get('/session', { cookie })).json(), { authenticated: false, ended: { reason: 'expired' } })
  t.equal((await moved.tab().post('/logout', { cookie })).location?.href, `${config.app}/`)
})
