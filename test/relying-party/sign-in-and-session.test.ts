// What comes back from a sign-in, and the session that begins with it and ends.
import t from 'tap'
import { Visitor } from '../idp/helper.ts'
import { buildAlone, buildWithIdp } from './helper.ts'

const { idp, tab, config, settings } = await buildWithIdp(t)

const strangers: [string, string, string][] = [
  ['without a state', '/callback?code=x', 'state_missing'],
  ['with nothing at all', '/callback', 'state_missing'],
  ['with an error and no state', '/callback?error=access_denied', 'state_missing'],
  ['with a state that nobody issued', '/callback?code=x&state=made-up', 'state_unknown'],
  ['with an empty state', '/callback?code=x&state=', 'state_unknown'],
  ['with two states', '/callback?code=x&state=a&state=b', 'malformed'],
  ['with a state that is too long', `/callback?code=x&state=${'s'.repeat(201)}`, 'malformed'],
  ['for the Messenger without a state', '/messenger/callback?code=x', 'state_missing'],
  ['for the Messenger with a state that nobody issued', '/messenger/callback?code=x&state=made-up', 'state_unknown'],
  ['for the Messenger with two states', '/messenger/callback?code=x&state=a&state=b', 'malformed']
]
for (const [label, path, error] of strangers) {
  t.test(`answers a callback ${label} with a page, and signs nobody in`, async t => {
    const { status, location, headers, $ } = await tab().get(path)
    t.equal(status, 400)
    t.match(headers.get('content-type'), 'text/html')
    t.equal($('dl code').text(), error)
    t.not($('h1').text(), '')
    t.equal(headers.get('set-cookie'), null)
    t.equal(location, undefined, 'there is no redirect')
    t.equal($('meta[http-equiv], script').length, 0, 'nor anything else that goes on by itself')
    t.ok($('.ways a').length > 0, 'but a link')
    t.equal(headers.get('cache-control'), 'no-store')
  })
}

t.test('refuses the answer to a sign-in that another browser has started', async t => {
  const state = await tab().startSignIn()
  const { status, headers, $ } = await tab().get(`/callback?${new URLSearchParams({ code: 'x', state })}`)
  t.equal(status, 400)
  t.equal($('dl code').text(), 'state_unknown')
  t.equal(headers.get('set-cookie'), null)
})

t.test('refuses an answer to the sign-in at the Messenger\'s callback', async t => {
  const visitor = tab()
  const state = await visitor.startSignIn()
  t.equal((await visitor.get(`/messenger/callback?${new URLSearchParams({ code: 'x', state })}`)).$('dl code').text(), 'state_unknown')
})

t.test('tells the page around a frame that has come back without its cookies, as in Firefox', async t => {
  const frame = { 'sec-fetch-dest': 'iframe' }
  const { status, location, headers } = await tab().get('/messenger/callback?code=x&state=made-up', frame)
  t.equal(status, 303)
  t.equal(location?.href, `${config.app}/messenger/frame?outcome=state_unknown`)
  t.equal(headers.get('set-cookie'), null)
  t.equal((await tab().get('/callback?code=x&state=made-up', frame)).status, 400, 'no sign-in is in a frame')
})

t.test('tells what the identity provider has refused, once, and offers the same sign-in again', async t => {
  const visitor = tab()
  const state = await visitor.startSignIn('/#tours')
  const path = `/callback?${new URLSearchParams({ error: 'access_denied', error_description: 'the person chose to cancel', state, iss: config.issuer })}`
  const cookie = await visitor.cookieHeader()
  const { status, $ } = await visitor.get(path)
  t.equal(status, 400)
  t.equal($('h1').text(), 'You were not signed in')
  t.equal($('dl code').text(), 'access_denied')
  t.match($('dl').text(), 'the person chose to cancel')
  t.equal($('a:contains("Try again")').attr('href'), '/login?return_to=%2F%23tours')
  t.equal((await visitor.get(path)).$('dl code').text(), 'state_unknown', 'the second time')
  t.equal((await visitor.get(path, { cookie })).$('dl code').text(), 'state_unknown', 'also with the cookie of the first time')
})

const forged: [string, (issuer: string) => Record<string, string>][] = [
  ['without the issuer\'s name', () => ({ code: 'x' })],
  ['in the name of another issuer', () => ({ code: 'x', iss: 'https://evil.example' })],
  ['with neither code nor error', issuer => ({ iss: issuer })]
]
for (const [label, parameters] of forged) {
  t.test(`refuses an answer ${label}`, async t => {
    const visitor = tab()
    const state = await visitor.startSignIn()
    const { status, $ } = await visitor.get(`/callback?${new URLSearchParams({ state, ...parameters(config.issuer) })}`)
    t.equal(status, 400)
    t.equal($('dl code').text(), 'invalid_response')
    t.same(await visitor.cookieNames(), [])
  })
}

t.test('refuses a code that the identity provider does not know', async t => {
  const visitor = tab()
  const state = await visitor.startSignIn()
  const { status, $ } = await visitor.get(`/callback?${new URLSearchParams({ code: 'made-up', state, iss: config.issuer })}`)
  t.equal(status, 400)
  t.equal($('dl code').text(), 'invalid_grant')
  t.match((await visitor.get('/session')).json(), { authenticated: false })
})

t.test('never renders the markup that an answer brings', async t => {
  const markup = '</dd><script>alert(1)</script><img src=x onerror=alert(2)><a href="https://evil.example">click</a>'
  for (const parameters of [{ error: 'access_denied', error_description: markup }, { error: markup }, { error: 'server_error', error_uri: markup }]) {
    const visitor = tab()
    const state = await visitor.startSignIn()
    const { status, text, $ } = await visitor.get(`/callback?${new URLSearchParams({ ...parameters, state, iss: config.issuer } as Record<string, string>)}`)
    t.equal(status, 400)
    t.equal($('script, img, a[href*=evil], [onerror]').length, 0)
    t.notMatch(text, '<script>')
  }
})

t.test('keeps five sign-ins under way, and lets go of the oldest', async t => {
  const visitor = tab()
  const states: string[] = []
  for (let n = 0; n < 7; n++) states.push(await visitor.startSignIn())
  t.equal(new Set(states).size, 7, 'each with a state of its own')
  t.equal((await visitor.cookieNames()).length, 5)

  const answers = []
  for (const state of states) {
    const { $ } = await visitor.get(`/callback?${new URLSearchParams({ error: 'access_denied', state, iss: config.issuer })}`)
    answers.push($('dl code').text())
  }
  t.same(answers, ['state_unknown', 'state_unknown', ...Array(5).fill('access_denied')])
})

t.test('says who is signed in, until when, and never a token', async t => {
  const visitor = tab()
  const { status, location } = await visitor.signIn(idp, 'alice')
  t.equal(status, 303)
  t.equal(location?.href, `${config.app}/`)

  const { json, text, headers } = await visitor.get('/session')
  t.match(json(), { authenticated: true, user: { sub: 'usr-7f3a91c0', name: 'Alice Anders', email: 'alice@example.org' }, csrfToken: /.{20,}/ })
  t.same(Object.keys(json()).sort(), ['authenticated', 'csrfToken', 'expiresAt', 'user'])
  const hours = (Date.parse(String(json()['expiresAt'])) - Date.now()) / 3_600_000
  t.ok(hours > 7.9 && hours <= 8, 'eight hours from now')
  t.notMatch(text, /eyJ[\w-]{10}|access_?token|id_?token|refresh_?token/)
  t.equal(headers.get('cache-control'), 'no-store')
})

for (const path of ['/logout', '/messenger/auth-code']) {
  t.test(`refuses POST ${path} without the token of the page, and leaves the session alone`, async t => {
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
  const [alice, bob] = [tab(), tab()]
  await alice.signIn(idp, 'alice')
  await bob.signIn(idp, 'bob')
  const token = String((await bob.get('/session')).json()['csrfToken'])
  t.equal((await alice.post('/logout', { 'csrf-token': token })).status, 403)
})

t.test('asks for a sign-in for the Messenger when no code waits for it', async t => {
  const visitor = tab()
  await visitor.signIn(idp, 'alice')
  const token = String((await visitor.get('/session')).json()['csrfToken'])
  const { status, json, headers } = await visitor.post('/messenger/auth-code?return_to=%2Ftours', { 'csrf-token': token, accept: 'application/json' })
  t.equal(status, 409)
  t.same(json(), { error: 'code_required', location: '/messenger/login?return_to=%2Ftours' })
  t.equal(headers.get('cache-control'), 'no-store')
})

t.test('ends the session here and sends the browser to end it at the identity provider', async t => {
  const visitor = tab()
  await visitor.signIn(idp, 'alice')
  const stolen = await visitor.cookieHeader()
  const token = String((await visitor.get('/session')).json()['csrfToken'])

  const { status, location } = await visitor.post('/logout', { 'csrf-token': token })
  t.equal(status, 303)
  t.equal(`${location?.origin}${location?.pathname}`, `${config.issuer}/session/end`)
  t.match(Object.fromEntries(location!.searchParams), { id_token_hint: /^eyJ/, post_logout_redirect_uri: `${config.app}/logout/callback`, state: /^.{43}$/ })
  t.match((await visitor.get('/session')).json(), { authenticated: false })
  t.match((await tab().get('/session', { cookie: stolen })).json(), { authenticated: false }, 'nor does a copy of the cookie work')
})

t.test('who has an ID token that is too long for an address is signed out at the identity provider too', async t => {
  await idp.lab.clients.patch('relying-party', { id_token_claims: ['groups'] })
  await idp.lab.settings.patch({ scopes: { profile: ['groups'] } })
  await idp.lab.users.patch('bob', { claims: { groups: Array.from({ length: 400 }, (_, n) => `group ${n} of the estuary`) } })
  t.teardown(async () => {
    await idp.lab.users.reset()
    await idp.lab.settings.reset()
    await idp.lab.clients.reset()
  })
  const visitor = tab()
  const atProvider = new Visitor(idp)
  const question = await atProvider.open((await visitor.get('/login')).location!.href)
  const { location } = await atProvider.submit(question, { username: 'bob', password: 'bob-lab' }, 'Sign in')
  await visitor.get(`${location!.pathname}${location!.search}`)
  const { csrfToken } = (await visitor.get('/session')).json()
  const { location: page } = await visitor.post('/logout', { 'csrf-token': String(csrfToken) })
  const form = (await visitor.get(`${page!.pathname}${page!.search}`)).$('form')
  t.equal(form.attr('action'), `${config.issuer}/session/end`)
  const fields = Object.fromEntries(form.serializeArray().map(({ name, value }): [string, string] => [name, value]))
  t.ok(fields['id_token_hint']!.length > 10_000)

  t.equal(await atProvider.isKnown(), true)
  const asked = await atProvider.post('/session/end', fields)
  const back = asked.location ? asked : await atProvider.submit(asked, {}, 'Sign out')
  t.equal((await visitor.get(`${back.location!.pathname}${back.location!.search}`)).location?.href, `${config.app}/`)
  t.equal(await atProvider.isKnown(), false)
})

t.test('gives a new session to who signs in again, and ends the old one', async t => {
  const visitor = tab()
  await visitor.signIn(idp, 'alice')
  const old = await visitor.cookieHeader()
  await visitor.signIn(idp, 'bob')
  t.match((await visitor.get('/session')).json(), { user: { name: 'Bob Brandt' } })
  t.match((await tab().get('/session', { cookie: old })).json(), { authenticated: false })
})

t.test('ends the session of a provider that was taken out of the settings', async t => {
  const visitor = tab()
  await visitor.signIn(idp, 'alice')
  const moved = await buildAlone(t, { STATE_DIR: settings.STATE_DIR, APP_PORT: settings.APP_PORT })
  const cookie = await visitor.cookieHeader()
  t.same((await moved.tab().get('/session', { cookie })).json(), { authenticated: false, ended: { reason: 'expired' } })
  t.equal((await moved.tab().post('/logout', { cookie })).location?.href, `${config.app}/`)
})

// Whoever reads along has the whole address of the answer, with code and state: from a proxy's log, the history of a shared
// machine or over a shoulder. https://www.rfc-editor.org/rfc/rfc9700#section-4.5
t.test('an answer that was stolen before it was used signs the thief in nowhere, whatever cookies they make up', async t => {
  const [victim, thief] = [tab(), tab()]
  const stolen = await victim.answerOfSignIn(idp, 'alice')
  const state = new URL(stolen, 'http://app.localhost').searchParams.get('state')!

  await thief.get('/login')
  const own = await thief.cookieHeader()
  const valueOfOwn = own.slice(own.indexOf('=') + 1)
  for (const value of ['', '1', String(Date.now()), `1.${state}`, '1.', valueOfOwn]) {
    const { status, headers } = await thief.get(stolen, { cookie: `attempt.${state}=${value}` })
    t.equal(status, 400, value)
    t.notMatch(headers.get('set-cookie'), /session=/)
  }
  t.match((await thief.get('/session')).json(), { authenticated: false })

  t.equal((await victim.get(stolen)).status, 303, 'and the person is signed in all the same')
  t.match((await victim.get('/session')).json(), { user: { name: 'Alice Anders' } })
})

for (const url of ['http://app.localhost:80', 'HTTP://App.Localhost:3000', 'https://bücher.example']) {
  t.test(`signs in where APP_URL is ${url}`, async t => {
    const { idp, tab, config } = await buildWithIdp(t, { APP_URL: url })
    t.equal((await tab().signIn(idp, 'alice')).status, 303)
    t.equal(config.app, new URL(url).origin)
  })
}
