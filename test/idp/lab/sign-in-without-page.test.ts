import { decodeJwt } from 'jose'
import t, { type Test } from 'tap'
import { CookieJar } from 'tough-cookie'
import { refusalOf, startIdp, Visitor, type Idp } from '../helper.ts'

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

async function withHints (t: Test): Promise<Idp> {
  const idp = await startIdp(t)
  await idp.lab.users.patch('alice', { sign_in_by_hint: true })
  return idp
}

t.test('signs in a marked user by login_hint, without a page', async t => {
  const idp = await withHints(t)
  const visitor = new Visitor(idp)
  t.match(await claimsOf(idp, visitor, { login_hint: 'alice' }), { sub: 'usr-7f3a91c0', amr: ['pwd'], auth_time: Number })
  t.equal(await visitor.isKnown(), true)
  const { headers } = await idp.app.inject(idp.authorizationRequest(idp.relyingParty, { login_hint: 'alice' }))
  t.match(headers.location, `${idp.relyingParty.redirect_uris[0]}?code=`, 'by the one request')
})

t.test('signs nobody in, by a hint, to a session that somebody else may know', async t => {
  const idp = await withHints(t)
  const visitor = new Visitor(idp)
  // Asking for the sign-out page begins a session, whose cookie could have been planted in another browser.
  await visitor.open('/session/end')
  const planted = new Visitor(idp, await visitor.jar.clone())
  t.match(await planted.jar.getCookieString(idp.config.issuer), '_session=')
  t.match(await claimsOf(idp, visitor, { login_hint: 'alice' }), { sub: 'usr-7f3a91c0' })
  t.equal(await visitor.isKnown(), true)
  t.equal(await planted.isKnown(), false)
})

t.test('leaves whoever is signed in, whomever the hint names', async t => {
  const idp = await withHints(t)
  const visitor = new Visitor(idp)
  await visitor.signIn('bob')
  t.match(await claimsOf(idp, visitor, { login_hint: 'alice' }), { sub: 'usr-20c4e85d' })
})

t.test('shows the sign-in page for a hint at somebody who is not marked, not there, or disabled', async t => {
  const idp = await withHints(t)
  await idp.lab.users.patch('frida', { sign_in_by_hint: true })
  for (const hint of ['bob', 'nobody', 'frida', '']) {
    const page = await new Visitor(idp).open(idp.authorizationRequest(idp.relyingParty, { login_hint: hint }))
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
  const idp = await withHints(t)
  const page = await new Visitor(idp).open(idp.authorizationRequest(idp.relyingParty, { ...idp.offline, login_hint: 'alice' }))
  t.match(page.text, 'Allow Saltmarsh Kayaks?')
})

t.test('refuses prompt=none for somebody who is marked and not signed in', async t => {
  const idp = await withHints(t)
  const { location } = await new Visitor(idp).open(idp.authorizationRequest(idp.relyingParty, {
    login_hint: 'alice', prompt: 'none'
  }))
  t.equal(location!.searchParams.get('error'), 'login_required')
})

t.test('signs a marked user in anew, without a page, where the request asks for that', async t => {
  const idp = await (await startIdp(t)).realm('blue')
  await idp.lab.users.patch('alice', { sign_in_by_hint: true })
  const visitor = new Visitor(idp)
  const authTime = async (changes = {}) =>
    Number((await claimsOf(idp, visitor, { login_hint: 'alice', ...changes }))['auth_time'])
  const first = await authTime()
  await idp.lab.clock.advance(600)
  t.equal(await authTime(), first)
  const second = await authTime({ prompt: 'login' })
  t.ok(second >= first + 600, 'prompt=login')
  await idp.lab.clock.advance(600)
  t.ok(await authTime({ max_age: '300' }) >= second + 600, 'max_age')
})

t.test('has a test start in a browser that is signed in', async t => {
  const idp = await startIdp(t)
  const visitor = await browserOf(idp, 'alice')
  t.match(await claimsOf(idp, visitor, { prompt: 'none' }), { sub: 'usr-7f3a91c0', amr: ['pwd'] })
  t.match((await visitor.open('/session/end')).text, 'Sign out of Tern ID?')
})

t.test('has a test start in a browser that is signed in in hidden frames too', async t => {
  const idp = await startIdp(t)
  for (const issuer of [idp, await idp.realm('blue')]) {
    const visitor = await browserOf(issuer, 'alice')
    const { location } = await visitor.openInFrame(issuer.authorizationRequest(issuer.relyingParty, { prompt: 'none' }))
    t.ok(location?.searchParams.has('code'), issuer.lab.issuer)
  }
})

t.test('makes each browser another session, which ends by itself', async t => {
  const idp = await startIdp(t)
  const [one, other] = [await browserOf(idp, 'alice'), await browserOf(idp, 'alice')]
  await one.submit(await one.open('/session/end'), {}, 'Sign out')
  t.equal(await one.isKnown(), false)
  t.equal(await other.isKnown(), true)
})

t.test('says how and when somebody signed in, as the test wants it', async t => {
  const idp = await startIdp(t)
  const visitor = await browserOf(idp, 'alice', { amr: ['mfa', 'otp'], secondsAgo: 600 })
  const { amr, auth_time: authTime, iat } = await claimsOf(idp, visitor)
  t.strictSame(amr, ['mfa', 'otp'])
  t.ok(iat! - Number(authTime) >= 600)
  const page = await visitor.open(idp.authorizationRequest(idp.relyingParty, { max_age: '300' }))
  t.equal(page.$('#password').length, 1, 'max_age asks for the password')
})

t.test('makes a browser for an issuer of its own', async t => {
  const idp = await startIdp(t)
  const blue = await idp.realm('blue')
  const { cookies } = await blue.lab.sessions.signIn('bob')
  t.ok(cookies.every(({ path }) => path === '/realms/blue'))
  const visitor = await browserOf(blue, 'bob')
  t.match(await claimsOf(blue, visitor, { prompt: 'none' }), { iss: blue.lab.issuer, sub: 'usr-20c4e85d' })
})

t.test('gives cookies that expire when the session does', async t => {
  const idp = await startIdp(t)
  const { cookies } = await idp.lab.sessions.signIn('alice')
  t.match(cookies, [
    { name: '_session', secure: false, sameSite: 'Lax' },
    { name: '_session.sig', secure: false, sameSite: 'Lax' },
    { name: '_session_in_frames', secure: true, sameSite: 'None' },
    { name: '_session_in_frames.sig', secure: true, sameSite: 'None' }
  ])
  t.equal(cookies.length, 4)
  for (const cookie of cookies) t.match(cookie, { domain: 'idp.localhost', path: '/', httpOnly: true })
  t.ok(cookies.every(({ expires }) => Math.abs(expires - Date.now() / 1000 - 8 * 3600) < 600))
})

t.test('gives cookies that a browser, whose clock is not that of the lab, keeps as long', async t => {
  const { lab } = await (await startIdp(t)).realm('blue')
  await lab.clock.set(100_000)
  const { cookies } = await lab.sessions.signIn('alice')
  t.ok(cookies.every(({ expires }) => Math.abs(expires - Date.now() / 1000 - 8 * 3600) < 600))
})

t.test('signs somebody out of all browsers', async t => {
  const idp = await startIdp(t)
  const [one, other, bob] = [await browserOf(idp, 'alice'), await browserOf(idp, 'alice'), await browserOf(idp, 'bob')]
  await idp.lab.sessions.end('alice')
  t.strictSame(await Promise.all([one, other, bob].map(visitor => visitor.isKnown())), [false, false, true])
})

t.test('makes no browser for somebody who is not there, or disabled', async t => {
  const { lab } = await startIdp(t)
  t.match(await refusalOf(lab.sessions.signIn('nobody')), { status: 404, error: 'not_found' })
  t.match(await refusalOf(lab.sessions.signIn('frida')), { status: 409, description: /disabled/ })
  t.match(await refusalOf(lab.sessions.end('nobody')), { status: 404 })
})
