import t, { type Test } from 'tap'
import { startIdp, Visitor, type Tokens } from './helper.ts'

const home = 'http://app.localhost:3000/'

/** Somebody who is signed in, and the address of the end-session endpoint that the application sends them to. */
async function signedIn (t: Test, username = 'alice') {
  const idp = await startIdp(t)
  const visitor = new Visitor(idp)
  const { location } = await visitor.signIn(username)
  const { id_token: idToken } = (await idp.redeem(idp.relyingParty, location!.searchParams.get('code')!)).json() as Tokens
  const endSession = (parameters: Record<string, string> = {}) =>
    `/session/end?${new URLSearchParams({
      id_token_hint: idToken, post_logout_redirect_uri: home, state: 'the-state', ...parameters
    })}`
  return { idp, visitor, endSession, idToken }
}

t.test('asks in its own design, with a form that works without a script', async t => {
  const { visitor, endSession } = await signedIn(t)
  const { status, $, headers } = await visitor.open(endSession())
  t.equal(status, 200)
  t.equal($('h1').text(), 'Sign out of Tern ID?')
  t.match($('.lead').text(), 'Saltmarsh Kayaks')
  t.equal($('link[href="/assets/pages.css"]').length, 1)
  t.equal($('script').length, 0)
  t.same($('button').toArray().map(button => $(button).text()), ['Sign out', 'Stay signed in'])
  t.match(headers.get('content-security-policy'), "default-src 'none'")
})

t.test('ends the session and goes back to the application, with its state', async t => {
  const { visitor, endSession } = await signedIn(t)
  t.equal(await visitor.isKnown(), true, 'before')
  const { location } = await visitor.submit(await visitor.open(endSession()), {}, 'Sign out')
  t.equal(location?.href, `${home}?state=the-state`)
  t.equal(await visitor.isKnown(), false, 'after')
})

t.test('keeps the session of somebody who wants to stay signed in, and goes back too', async t => {
  const { visitor, endSession } = await signedIn(t)
  const { location } = await visitor.submit(await visitor.open(endSession()), {}, 'Stay signed in')
  t.equal(location?.href, `${home}?state=the-state`)
  t.equal(await visitor.isKnown(), true)
})

const refused: [string, Record<string, string>][] = [
  ['an address that is not registered', { post_logout_redirect_uri: 'https://evil.example/' }],
  ['an address with a longer path', { post_logout_redirect_uri: `${home}more` }],
  ['an address without its slash', { post_logout_redirect_uri: home.slice(0, -1) }],
  ['a hint that is no ID token', { id_token_hint: 'garbage' }],
  ['a hint that somebody has changed', { id_token_hint: 'eyJhbGciOiJub25lIn0.eyJhdWQiOiJyZWx5aW5nLXBhcnR5In0.' }],
  ['another client than that of the hint', { client_id: 'genesys-messenger' }]
]
for (const [label, parameters] of refused) {
  t.test(`refuses ${label} with a page, and ends nothing`, async t => {
    const { visitor, endSession } = await signedIn(t)
    const { status, location, $, headers } = await visitor.open(endSession(parameters))
    t.equal(status, 400)
    t.equal(location, undefined)
    t.match(headers.get('content-type'), 'text/html')
    t.match($('title').text(), 'Tern ID')
    t.equal(await visitor.isKnown(), true)
  })
}

t.test('goes to no address that comes without a client', async t => {
  const { visitor } = await signedIn(t)
  const page = await visitor.open(`/session/end?${new URLSearchParams({ post_logout_redirect_uri: 'https://evil.example/' })}`)
  const done = await visitor.submit(page, {}, 'Sign out')
  t.equal(done.location, undefined)
  t.equal(done.status, 200)
  t.equal(done.$('h1').text(), 'You are signed out')
  t.equal(done.$('a.primary').attr('href'), home)
  t.equal(await visitor.isKnown(), false)
})

t.test('lets no other site answer its question', async t => {
  const { visitor, endSession } = await signedIn(t)
  await visitor.open(endSession())
  const page = await visitor.post('/session/end/confirm', { logout: 'yes', xsrf: 'guessed' })
  t.equal(page.status, 400)
  t.equal(await visitor.isKnown(), true)
})

t.test('ends the access tokens of the session too', async t => {
  const { idp, visitor } = await signedIn(t)
  const { location } = await visitor.open(idp.authorizationRequest(idp.relyingParty))
  const { access_token: accessToken } = (await idp.redeem(idp.relyingParty, location!.searchParams.get('code')!)).json() as Tokens
  t.equal((await idp.userinfo(accessToken)).statusCode, 200, 'before')
  await visitor.submit(await visitor.open('/session/end'), {}, 'Sign out')
  t.equal((await idp.userinfo(accessToken)).statusCode, 401, 'after')
})

t.test('says so when nobody is signed in any more, and goes on by a click, without a script', async t => {
  const { idp, endSession } = await signedIn(t)
  const stranger = new Visitor(idp)
  const page = await stranger.open(endSession())
  t.equal(page.status, 200)
  t.match(page.text, 'Tern ID had forgotten you')
  t.notMatch(page.text, '<script')
  const { location } = await stranger.submit(page, {}, 'Continue')
  t.equal(location?.href, `${home}?state=the-state`)
})
