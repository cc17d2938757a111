import { decodeJwt } from 'jose'
import t from 'tap'
import { CookieJar } from 'tough-cookie'
import { refusalOf, startIdp, Visitor, type Idp } from '../helper.ts'

const idp = await startIdp(t)

async function browserOf (idp: Idp, ...call: Parameters<Idp['lab']['sessions']['signIn']>): Promise<Visitor> {
  const { cookies, origins } = await idp.lab.sessions.signIn(...call)
  if (origins.length > 0) throw new Error('the identity provider keeps nothing in the storage of a browser')
  const jar = new CookieJar()
  for (const { name, value, domain, path, secure, sameSite } of cookies) {
    const attributes = `Path=${path}; HttpOnly; SameSite=${sameSite}${secure ? '; Secure' : ''}`
    await jar.setCookie(`${name}=${value}; ${attributes}`, `http://${domain}/`)
  }
  return new Visitor(idp, jar)
}

async function claimsOf (idp: Idp, visitor: Visitor, changes = {}) {
  const { location } = await visitor.open(idp.authorizationRequest(idp.relyingParty, changes))
  return decodeJwt((await idp.redeem(idp.relyingParty, location!.searchParams.get('code')!)).json().id_token)
}

async function withHints (): Promise<Idp> {
  const realm = await idp.newRealm()
  await realm.lab.users.patch('alice', { sign_in_by_hint: true })
  return realm
}

t.test('signs in a marked user by login_hint, without a page', async t => {
  const realm = await withHints()
  const visitor = new Visitor(realm)
  t.match(await claimsOf(realm, visitor, { login_hint: 'alice' }), { sub: 'usr-7f3a91c0', amr: ['pwd'], auth_time: Number })
  t.equal(await visitor.isKnown(), true)
  const { headers } = await realm.app.inject(realm.authorizationRequest(realm.relyingParty, { login_hint: 'alice' }))
  t.match(headers.location, `${realm.relyingParty.redirect_uris[0]}?code=`, 'by the one request')
})

t.test('signs nobody in, by a hint, to a session that somebody else may know', async t => {
  const realm = await withHints()
  const visitor = new Visitor(realm)
  // Asking for the sign-out page begins a session, whose cookie could have been planted in another browser.
  await visitor.open('/session/end')
  const planted = new Visitor(realm, await visitor.jar.clone())
  t.match(await planted.jar.getCookieString(realm.issuer), /^_session\./)
  t.match(await claimsOf(realm, visitor, { login_hint: 'alice' }), { sub: 'usr-7f3a91c0' })
  t.equal(await visitor.isKnown(), true)
  t.equal(await planted.isKnown(), false)
})

t.test('leaves whoever is signed in, whomever the hint names', async t => {
  const realm = await withHints()
  const visitor = new Visitor(realm)
  await visitor.signIn('bob')
  t.match(await claimsOf(realm, visitor, { login_hint: 'alice' }), { sub: 'usr-20c4e85d' })
})

t.test('shows the sign-in page for a hint at somebody who is not marked, not there, or disabled', async t => {
  const realm = await withHints()
  await realm.lab.users.patch('frida', { sign_in_by_hint: true })
  for (const hint of ['bob', 'nobody', 'frida', '']) {
    const page = await new Visitor(realm).open(realm.authorizationRequest(realm.relyingParty, { login_hint: hint }))
    t.equal(page.$('#password').length, 1, hint)
  }
})

t.test('lets nobody in by a hint outside the lab', async t => {
  const users = JSON.stringify([{
    username: 'ann',
    password: 'ann-lab',
    sub: 'usr-1',
    sign_in_by_hint: true,
    claims: { name: 'Ann', email: 'ann@example.org', email_verified: true }
  }])
  const folder = t.testdir({ 'users.yaml': users })
  const idp = await startIdp(t, { LAB: 'false', USERS_FILE: `${folder}/users.yaml`, STATE_DIR: `${folder}/state` })
  const page = await new Visitor(idp).open(idp.authorizationRequest(idp.relyingParty, { login_hint: 'ann' }))
  t.equal(page.$('#password').length, 1)
})

t.test('asks for consent still where that is asked for', async t => {
  const realm = await withHints()
  const page = await new Visitor(realm).open(realm.authorizationRequest(realm.relyingParty, { ...idp.offline, login_hint: 'alice' }))
  t.match(page.text, 'Allow Saltmarsh Kayaks?')
})

t.test('refuses prompt=none for somebody who is marked and not signed in', async t => {
  const realm = await withHints()
  const { location } = await new Visitor(realm).open(realm.authorizationRequest(realm.relyingParty, {
    login_hint: 'alice', prompt: 'none'
  }))
  t.equal(location!.searchParams.get('error'), 'login_required')
})

t.test('signs a marked user in anew, without a page, where the request asks for that', async t => {
  const realm = await withHints()
  const visitor = new Visitor(realm)
  const authTime = async (changes = {}) =>
    Number((await claimsOf(realm, visitor, { login_hint: 'alice', ...changes }))['auth_time'])
  const first = await authTime()
  await realm.lab.clock.advance(600)
  t.equal(await authTime(), first)
  const second = await authTime({ prompt: 'login' })
  t.ok(second >= first + 600, 'prompt=login')
  await realm.lab.clock.advance(600)
  t.ok(await authTime({ max_age: '300' }) >= second + 600, 'max_age')
})

t.test('has a test start in a browser that is signed in', async t => {
  const visitor = await browserOf(idp, 'alice')
  t.match(await claimsOf(idp, visitor, { prompt: 'none' }), { sub: 'usr-7f3a91c0', amr: ['pwd'] })
  t.match((await visitor.open('/session/end')).text, 'Sign out of Tern ID?')
})

t.test('has a test start in a browser that is signed in in hidden frames too', async t => {
  for (const issuer of [idp, await idp.newRealm()]) {
    const visitor = await browserOf(issuer, 'alice')
    const { location } = await visitor.openInFrame(issuer.authorizationRequest(issuer.relyingParty, { prompt: 'none' }))
    t.ok(location?.searchParams.has('code'), issuer.lab.issuer)
  }
})

t.test('makes each browser another session, which ends by itself', async t => {
  const [one, other] = [await browserOf(idp, 'alice'), await browserOf(idp, 'alice')]
  await one.submit(await one.open('/session/end'), {}, 'Sign out')
  t.equal(await one.isKnown(), false)
  t.equal(await other.isKnown(), true)
})

t.test('says how and when somebody signed in, as the test wants it', async t => {
  const visitor = await browserOf(idp, 'alice', { amr: ['mfa', 'otp'], secondsAgo: 600 })
  const { amr, auth_time: authTime, iat } = await claimsOf(idp, visitor)
  t.strictSame(amr, ['mfa', 'otp'])
  t.ok(iat! - Number(authTime) >= 600)
  const page = await visitor.open(idp.authorizationRequest(idp.relyingParty, { max_age: '300' }))
  t.equal(page.$('#password').length, 1, 'max_age asks for the password')
})

t.test('makes a browser for an issuer of its own', async t => {
  const realm = await idp.newRealm()
  const { cookies } = await realm.lab.sessions.signIn('bob')
  t.ok(cookies.every(({ path }) => path === realm.base))
  const visitor = await browserOf(realm, 'bob')
  t.match(await claimsOf(realm, visitor, { prompt: 'none' }), { iss: realm.issuer, sub: 'usr-20c4e85d' })
})

t.test('gives cookies that expire when the session does', async t => {
  const { cookies } = await idp.lab.sessions.signIn('alice')
  t.match(cookies, [
    { name: '_session', secure: false, sameSite: 'Lax' },
    { name: '_session.sig', secure: false, sameSite: 'Lax' },
    { name: '_session_in_frames', secure: true, sameSite: 'None' },
    { name: '_session_in_frames.sig', secure: true, sameSite: 'None' }
  ])
  t.equal(cookies.length, 4)
  for (const cookie of cookies) t.match(cookie, { domain: /^idp\.localhost$/, path: /^\/$/, httpOnly: true })
  t.ok(cookies.every(({ expires }) => Math.abs(expires - Date.now() / 1000 - 8 * 3600) < 600))
})

t.test('gives cookies that a browser, whose clock is not that of the lab, keeps as long', async t => {
  const { lab } = await idp.newRealm()
  await lab.clock.set(100_000)
  const { cookies } = await lab.sessions.signIn('alice')
  t.ok(cookies.every(({ expires }) => Math.abs(expires - Date.now() / 1000 - 8 * 3600) < 600))
})

t.test('signs somebody out of all browsers', async t => {
  const realm = await idp.newRealm()
  const [one, other, bob] = [await browserOf(realm, 'alice'), await browserOf(realm, 'alice'), await browserOf(realm, 'bob')]
  await realm.lab.sessions.end('alice')
  t.strictSame(await Promise.all([one, other, bob].map(visitor => visitor.isKnown())), [false, false, true])
})

t.test('makes no browser for somebody who is not there, or disabled', async t => {
  const { lab } = await idp.newRealm()
  t.match(await refusalOf(lab.sessions.signIn('nobody')), { status: 404, error: 'not_found' })
  t.match(await refusalOf(lab.sessions.signIn('frida')), { status: 409, description: /disabled/ })
  t.match(await refusalOf(lab.sessions.end('nobody')), { status: 404 })
})

const home = 'http://app.localhost:3000/'

/** Somebody who has signed in, and what a hidden frame of another site is told then. */
async function signedIn (at = idp) {
  const visitor = new Visitor(at)
  await visitor.signIn('alice')
  return { idp: at, visitor, inFrame: () => askInFrame(at, visitor) }
}

/** A code, or else the error. */
async function askInFrame (idp: Idp, visitor: Visitor, changes: Record<string, string | undefined> = {}): Promise<string> {
  const { location } = await visitor.openInFrame(idp.authorizationRequest(idp.genesys, { prompt: 'none', ...changes }))
  return location?.searchParams.get('error') ?? (location?.searchParams.has('code') ? 'code' : 'a page')
}

/** The session cookies that a browser has, by name. */
const cookiesOf = (idp: Idp, { jar }: Visitor) =>
  Object.fromEntries(jar.getCookiesSync(`${idp.issuer}/auth`).map(cookie => [cookie.key, cookie]))

t.test('gives a hidden frame of another site a code for whoever is signed in', async t => {
  for (const issuer of [idp, await idp.newRealm(), await startIdp(t, { IDP_ISSUER: 'https://id.example' })]) {
    const { visitor } = await signedIn(issuer)
    const { location } = await visitor.openInFrame(issuer.authorizationRequest(issuer.genesys, { prompt: 'none' }))
    const { id_token: idToken } = (await issuer.redeem(issuer.genesys, location!.searchParams.get('code')!)).json()
    t.match(decodeJwt(idToken), { sub: 'usr-7f3a91c0' }, issuer.issuer)
  }
})

t.test('says login_required in a frame where the browser keeps the cookie back, and knows it at top level', async t => {
  const { visitor } = await signedIn()
  for (const { key } of Object.values(cookiesOf(idp, visitor))) {
    if (key.startsWith('_session_in_frames')) await visitor.jar.store.removeCookie('idp.localhost', '/', key)
  }
  t.equal(await askInFrame(idp, visitor), 'login_required')
  t.equal(await visitor.isKnown(), true)
})

t.test('sets a copy of the session cookie that is the same but for SameSite and Secure', async t => {
  for (const issuer of [idp, await idp.newRealm()]) {
    const { visitor } = await signedIn(issuer)
    const cookies = cookiesOf(issuer, visitor)
    t.equal(Object.keys(cookies).length, 4)
    for (const [name, { value, path, expires, httpOnly }] of Object.entries(cookies)) {
      const copy = cookies[name.replace('_session', '_session_in_frames')] ?? cookies[name]
      t.match(copy, { value, path, expires, httpOnly, sameSite: 'none', secure: true }, name)
      t.equal(path, issuer.base || '/')
    }
  }
})

t.test('keeps the frames of one issuer from the session of another', async t => {
  const { visitor } = await signedIn()
  const realm = await idp.newRealm()
  t.equal(await askInFrame(realm, new Visitor(realm, visitor.jar)), 'login_required')
})

t.test('lets frames know nobody any more after a sign-out, wherever that was', async t => {
  const { visitor, inFrame } = await signedIn()
  const other = new Visitor(idp, await visitor.jar.clone())
  await visitor.submit(await visitor.open('/session/end'), {}, 'Sign out')
  t.same(cookiesOf(idp, visitor), {}, 'no cookie is left')
  t.equal(await inFrame(), 'login_required')
  t.equal(await askInFrame(idp, other), 'login_required', 'nor is what somebody has kept of it any use')
})

for (const [what, end] of [
  ['is reset', (idp: Idp) => idp.lab.reset()],
  ['signs the person out', (idp: Idp) => idp.lab.sessions.end('alice')],
  ['moves on beyond the end of the session', (idp: Idp) => idp.lab.clock.advance(8 * 3600 + 1)]
] as const) {
  t.test(`lets frames know nobody any more when the lab ${what}`, async t => {
    const { idp: realm, inFrame } = await signedIn(await idp.newRealm())
    t.equal(await inFrame(), 'code')
    await end(realm)
    t.equal(await inFrame(), 'login_required')
  })
}

t.test('goes by the cookie of the top level where a request has both', async t => {
  const { visitor } = await signedIn()
  const bob = new Visitor(idp)
  await bob.signIn('bob')
  for (const { key, value } of Object.values(cookiesOf(idp, bob))) {
    if (key.startsWith('_session_in_frames')) {
      await visitor.jar.setCookie(`${key}=${value}; Path=/; Secure; SameSite=None`, idp.config.issuer)
    }
  }
  const { location } = await visitor.open(idp.authorizationRequest(idp.relyingParty, { prompt: 'none' }))
  const { id_token: idToken } = (await idp.redeem(idp.relyingParty, location!.searchParams.get('code')!)).json()
  t.match(decodeJwt(idToken), { sub: 'usr-7f3a91c0' })
})

t.test('takes no copy whose signature is that of another', async t => {
  const { visitor } = await signedIn()
  const bob = new Visitor(idp)
  await bob.signIn('bob')
  const { value } = cookiesOf(idp, bob)['_session_in_frames']!
  await visitor.jar.setCookie(`_session_in_frames=${value}; Path=/; Secure; SameSite=None`, idp.config.issuer)
  t.equal(await askInFrame(idp, visitor), 'login_required')
})

t.test('renews no cookie in a frame, so that neither outlives the other', async t => {
  const { visitor } = await signedIn()
  const { headers } = await visitor.openInFrame(idp.authorizationRequest(idp.genesys, { prompt: 'none' }))
  t.same(headers.getSetCookie(), [])
  const page = await visitor.open(idp.authorizationRequest(idp.genesys, { prompt: 'none' }))
  t.match(page.headers.getSetCookie().join(), /_session=.*_session_in_frames=/, 'as it does at top level')
})

t.test('lets no page of another site do more than ask', async t => {
  const { visitor } = await signedIn()
  t.equal(await askInFrame(idp, visitor, { prompt: undefined }), 'a page', 'an authorization request that may show a page')
  t.equal(await askInFrame(idp, visitor, { prompt: 'consent' }), 'a page')
  const { text } = await visitor.openInFrame(`/session/end?${new URLSearchParams({ prompt: 'none' })}`)
  t.match(text, 'Tern ID had forgotten you', 'the sign-out')

  const page = await visitor.open('/session/end')
  const fields = Object.fromEntries(page.$('form').first().serializeArray().map(({ name, value }) => [name, value]))
  const confirmed = await visitor.open('/session/end/confirm?prompt=none', { form: { ...fields, logout: 'yes' }, inFrame: true })
  t.equal(confirmed.status, 400, 'not even with the secret of the form')
  t.equal(await visitor.isKnown(), true)
})

t.test('answers a request in a frame that was pushed first', async t => {
  const { idp: realm, visitor } = await signedIn(await idp.newRealm())
  const client = await realm.lab.clients.patch('relying-party', { pushed_authorization_requests: 'allowed' })
  const ask = async (prompt: string) => {
    const parameters = Object.fromEntries(new URLSearchParams(realm.authorizationRequest(client, { prompt }).split('?')[1]))
    const { request_uri: requestUri } = (await realm.post('/request', client, parameters)).json()
    return visitor.openInFrame(`/auth?${new URLSearchParams({ client_id: client.client_id, request_uri: requestUri })}`)
  }
  t.ok((await ask('none')).location?.searchParams.has('code'))
  const { status, location, $ } = await ask('login')
  t.equal(location, undefined)
  t.equal(status, 400)
  t.equal($('#password').length, 0, 'a sign-in does not begin in a frame')
})

t.test('lets no page of its own be shown in a frame', async t => {
  const { visitor } = await signedIn()
  const stranger = new Visitor(idp)
  for (const page of [
    await stranger.open(idp.authorizationRequest(idp.relyingParty)),
    await visitor.open(idp.authorizationRequest(idp.relyingParty, idp.offline)),
    await visitor.open(`/session/end?${new URLSearchParams({ post_logout_redirect_uri: home, client_id: 'relying-party' })}`),
    await visitor.open('/auth')
  ]) {
    const expected = { 'x-frame-options': /./, 'content-security-policy': /frame-ancestors 'none'/ }
    t.match(Object.fromEntries(page.headers), expected, page.$('h1').text())
  }
})
