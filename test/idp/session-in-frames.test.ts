import { decodeJwt } from 'jose'
import t, { type Test } from 'tap'
import { startIdp, Visitor, type Idp } from './helper.ts'

const home = 'http://app.localhost:3000/'

/** Somebody who has signed in, and what a hidden frame of another site is told then. */
async function signedIn (t: Test, { realm, settings = {} }: { realm?: string, settings?: Record<string, string> } = {}) {
  const root = await startIdp(t, settings)
  const idp = realm === undefined ? root : await root.realm(realm)
  const visitor = new Visitor(idp)
  await visitor.signIn('alice')
  return { idp, visitor, inFrame: () => askInFrame(idp, visitor) }
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
  for (const options of [{}, { realm: 'blue' }, { settings: { IDP_ISSUER: 'https://id.example' } }]) {
    const { idp, visitor } = await signedIn(t, options)
    const { location } = await visitor.openInFrame(idp.authorizationRequest(idp.genesys, { prompt: 'none' }))
    const { id_token: idToken } = (await idp.redeem(idp.genesys, location!.searchParams.get('code')!)).json()
    t.match(decodeJwt(idToken), { sub: 'usr-7f3a91c0' }, idp.issuer)
  }
})

t.test('says login_required in a frame where the browser keeps the cookie back, and knows it at top level', async t => {
  const { idp, visitor } = await signedIn(t)
  for (const { key } of Object.values(cookiesOf(idp, visitor))) {
    if (key.startsWith('_session_in_frames')) await visitor.jar.store.removeCookie('idp.localhost', '/', key)
  }
  t.equal(await askInFrame(idp, visitor), 'login_required')
  t.equal(await visitor.isKnown(), true)
})

t.test('sets a copy of the session cookie that is the same but for SameSite and Secure', async t => {
  for (const realm of [undefined, 'blue']) {
    const { idp, visitor } = await signedIn(t, realm === undefined ? {} : { realm })
    const cookies = cookiesOf(idp, visitor)
    t.equal(Object.keys(cookies).length, 4)
    for (const [name, { value, path, expires, httpOnly }] of Object.entries(cookies)) {
      const copy = cookies[name.replace('_session', '_session_in_frames')] ?? cookies[name]
      t.match(copy, { value, path, expires, httpOnly, sameSite: 'none', secure: true }, name)
      t.equal(path, realm === undefined ? '/' : '/realms/blue')
    }
  }
})

t.test('keeps the frames of one issuer from the session of another', async t => {
  const { idp, visitor } = await signedIn(t)
  const blue = await idp.realm('blue')
  t.equal(await askInFrame(blue, new Visitor(blue, visitor.jar)), 'login_required')
})

t.test('lets frames know nobody any more after a sign-out, wherever that was', async t => {
  const { idp, visitor, inFrame } = await signedIn(t)
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
    const { idp, inFrame } = await signedIn(t, { realm: 'blue' })
    t.equal(await inFrame(), 'code')
    await end(idp)
    t.equal(await inFrame(), 'login_required')
  })
}

t.test('goes by the cookie of the top level where a request has both', async t => {
  const { idp, visitor } = await signedIn(t)
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
  const { idp, visitor } = await signedIn(t)
  const bob = new Visitor(idp)
  await bob.signIn('bob')
  const { value } = cookiesOf(idp, bob)['_session_in_frames']!
  await visitor.jar.setCookie(`_session_in_frames=${value}; Path=/; Secure; SameSite=None`, idp.config.issuer)
  t.equal(await askInFrame(idp, visitor), 'login_required')
})

t.test('renews no cookie in a frame, so that neither outlives the other', async t => {
  const { idp, visitor } = await signedIn(t)
  const { headers } = await visitor.openInFrame(idp.authorizationRequest(idp.genesys, { prompt: 'none' }))
  t.same(headers.getSetCookie(), [])
  const page = await visitor.open(idp.authorizationRequest(idp.genesys, { prompt: 'none' }))
  t.match(page.headers.getSetCookie().join(), /_session=.*_session_in_frames=/, 'as it does at top level')
})

t.test('lets no page of another site do more than ask', async t => {
  const { idp, visitor } = await signedIn(t)
  t.equal(await askInFrame(idp, visitor, { prompt: undefined }), 'a page', 'an authorization request that may show a page')
  t.equal(await askInFrame(idp, visitor, { prompt: 'consent' }), 'a page')
  const { text } = await visitor.openInFrame(`/session/end?${new URLSearchParams({ prompt: 'none' })}`)
  t.match(text, 'Tern ID had forgotten you', 'the sign-out')

  const page = await visitor.open('/session/end')
  const fields = Object.fromEntries(page.$('form').first().serializeArray().map(({ name, value }) => [name, value]))
  const confirmed = await visitor.open('/session/end/confirm?prompt=none', undefined, { method: 'POST', body: { ...fields, logout: 'yes' }, inFrame: true })
  t.equal(confirmed.status, 400, 'not even with the secret of the form')
  t.equal(await visitor.isKnown(), true)
})

t.test('answers a request in a frame that was pushed first', async t => {
  const { idp, visitor } = await signedIn(t)
  const client = await idp.lab.clients.patch('relying-party', { pushed_authorization_requests: 'allowed' })
  const ask = async (prompt: string) => {
    const parameters = Object.fromEntries(new URLSearchParams(idp.authorizationRequest(client, { prompt }).split('?')[1]))
    const { request_uri: requestUri } = (await idp.post('/request', client, parameters)).json()
    return visitor.openInFrame(`/auth?${new URLSearchParams({ client_id: client.client_id, request_uri: requestUri })}`)
  }
  t.ok((await ask('none')).location?.searchParams.has('code'))
  const { status, location, $ } = await ask('login')
  t.equal(location, undefined)
  t.equal(status, 400)
  t.equal($('#password').length, 0, 'a sign-in does not begin in a frame')
})

t.test('lets no page of its own be shown in a frame', async t => {
  const { idp, visitor } = await signedIn(t)
  const stranger = new Visitor(idp)
  for (const page of [
    await stranger.open(idp.authorizationRequest(idp.relyingParty)),
    await visitor.open(idp.authorizationRequest(idp.relyingParty, idp.offline)),
    await visitor.open(`/session/end?${new URLSearchParams({ post_logout_redirect_uri: home, client_id: 'relying-party' })}`),
    await visitor.open('/auth')
  ]) {
    t.match(Object.fromEntries(page.headers), { 'x-frame-options': /./, 'content-security-policy': /frame-ancestors 'none'/ }, page.$('h1').text())
  }
})
