import t from 'tap'
import { codeVerifier, startIdp, Visitor } from './helper.ts'

const callback = 'http://app.localhost:3000/callback'

// Nothing may be sent to an address that is not the client's, not even the error.
const dead: [string, Record<string, string | undefined>, string][] = [
  ['a redirect URI of somebody else', { redirect_uri: 'https://evil.example/callback' }, 'invalid_redirect_uri'],
  ['a redirect URI with a slash at its end', { redirect_uri: `${callback}/` }, 'invalid_redirect_uri'],
  ['a redirect URI with another port', { redirect_uri: 'http://app.localhost:3999/callback' }, 'invalid_redirect_uri'],
  ['a redirect URI with a longer path', { redirect_uri: `${callback}/more` }, 'invalid_redirect_uri'],
  ['a redirect URI that climbs back', { redirect_uri: 'http://app.localhost:3000/x/../callback' }, 'invalid_redirect_uri'],
  ['a redirect URI with a query', { redirect_uri: `${callback}?next=/` }, 'invalid_redirect_uri'],
  ['a redirect URI in another case', { redirect_uri: 'http://app.localhost:3000/Callback' }, 'invalid_redirect_uri'],
  ['a redirect URI with another scheme', { redirect_uri: callback.replace('http:', 'https:') }, 'invalid_redirect_uri'],
  [
    'a redirect URI with a user in it',
    { redirect_uri: 'http://app.localhost:3000@evil.example/callback' },
    'invalid_redirect_uri'
  ],
  [
    'the redirect URI of another client',
    { redirect_uri: 'http://app.localhost:3000/messenger/callback' },
    'invalid_redirect_uri'
  ],
  ['no redirect URI', { redirect_uri: undefined }, 'invalid_request'],
  ['an unknown client', { client_id: 'stranger' }, 'invalid_client'],
  ['no client', { client_id: undefined }, 'invalid_request']
]
for (const [label, changes, error] of dead) {
  t.test(`refuses ${label} with a page, and sends the browser nowhere`, async t => {
    const idp = await startIdp(t)
    const { status, headers, location, $ } = await new Visitor(idp).open(idp.authorizationRequest(idp.relyingParty, changes))
    t.equal(status, 400)
    t.match(headers.get('content-type'), 'text/html')
    t.equal(location, undefined)
    t.equal($('.facts code').text(), error)
    t.equal($('form, script, meta[http-equiv]').length, 0, 'nothing goes on by itself')
    t.equal($('.ways a').attr('href'), 'http://app.localhost:3000/', 'there is a way on')
  })
}

const told: [string, Record<string, string | undefined>, string][] = [
  ['a request without PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
  ['PKCE with the plain method', { code_challenge: codeVerifier, code_challenge_method: 'plain' }, 'invalid_request'],
  [
    'PKCE without a method, which means plain',
    { code_challenge: codeVerifier, code_challenge_method: undefined },
    'invalid_request'
  ],
  ['a code challenge that is none', { code_challenge: 'short' }, 'invalid_request'],
  ['the implicit flow', { response_type: 'id_token' }, 'unsupported_response_type'],
  ['the implicit flow with a token', { response_type: 'id_token token' }, 'unsupported_response_type'],
  ['the hybrid flow', { response_type: 'code id_token' }, 'unsupported_response_type'],
  ['no response type', { response_type: undefined }, 'invalid_request'],
  ['a request without openid', { scope: 'profile' }, 'invalid_request'],
  ['prompt=none for a browser that nobody has signed in with', { prompt: 'none' }, 'login_required'],
  ['prompt=none together with another prompt', { prompt: 'none login' }, 'invalid_request'],
  ['a signed request object', { request: 'e30.e30.' }, 'request_not_supported']
]
for (const [label, changes, error] of told) {
  t.test(`refuses ${label} and tells the client`, async t => {
    const idp = await startIdp(t)
    const { location } = await new Visitor(idp).open(idp.authorizationRequest(idp.relyingParty, changes))
    t.equal(`${location?.origin}${location?.pathname}`, callback)
    // The implicit and hybrid flows have their answers in the fragment.
    const answer = Object.fromEntries(new URLSearchParams(location?.search || location?.hash.slice(1)))
    t.match(answer, { error, state: 'the-state', iss: idp.config.issuer })
    t.notOk('code' in answer)
  })
}

t.test('answers a correct request with a code, the state and its own name', async t => {
  const idp = await startIdp(t)
  const { location } = await new Visitor(idp).signIn('alice')
  t.equal(`${location?.origin}${location?.pathname}`, callback)
  t.match(Object.fromEntries(location!.searchParams), { code: /^.{20,}$/, state: 'the-state', iss: idp.config.issuer })
  t.equal([...location!.searchParams].length, 3)
})

t.test('keeps its cookies from scripts, and behind TLS from the clear', async t => {
  for (const [issuer, secure] of [['http://idp.localhost:3001', false], ['https://id.example', true]] as const) {
    const idp = await startIdp(t, { IDP_ISSUER: issuer })
    const visitor = new Visitor(idp)
    await visitor.signIn('alice')
    const { cookies } = visitor.jar.serializeSync()!
    t.ok(cookies.some(({ key }) => key === '_session'), issuer)
    for (const { key, httpOnly, sameSite, secure: actual } of cookies) {
      const isCopy = String(key).startsWith('_session_in_frames')
      const expected = isCopy ? { sameSite: 'none', secure: true } : { sameSite: 'lax', secure }
      t.match({ httpOnly, sameSite, secure: actual ?? false }, { httpOnly: true, ...expected }, `${issuer}: ${key}`)
    }
  }
})

t.test('sends an answer as a form by a click, as its pages run no script', async t => {
  const idp = await startIdp(t)
  const visitor = new Visitor(idp)
  const page = await visitor.signIn('alice', idp.relyingParty, { response_mode: 'form_post' })
  t.equal(page.status, 200)
  t.notMatch(page.text, /<script/)
  t.equal(page.$('form').attr('action'), idp.relyingParty.redirect_uris[0])
  const fields = Object.fromEntries(page.$('form').serializeArray().map(({ name, value }) => [name, value]))
  t.match(fields, { state: 'the-state', iss: idp.config.issuer })
  t.equal((await idp.redeem(idp.relyingParty, fields['code']!)).statusCode, 200)
  const { origin } = new URL(idp.relyingParty.redirect_uris[0]!)
  t.match(page.headers.get('content-security-policy'), new RegExp(`form-action [^;]*${origin}`))

  const refused = await visitor.open(idp.authorizationRequest(idp.relyingParty, { response_mode: 'form_post', scope: 'profile' }))
  t.match(refused.$('input[name=error]').attr('value'), 'invalid')
})
