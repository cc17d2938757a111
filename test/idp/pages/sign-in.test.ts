import { decodeJwt } from 'jose'
import t from 'tap'
import { startIdp, Visitor, type Idp } from '../helper.ts'

const idp = await startIdp(t)

const openSignIn = (idp: Idp) => new Visitor(idp).open(idp.authorizationRequest(idp.relyingParty))

t.test('shows a form and, in the lab, every test user one click away', async t => {
  const { status, $ } = await openSignIn(idp)
  t.equal(status, 200)
  t.match($('.lead').text(), 'Saltmarsh Kayaks')
  const offered = $('.people form').toArray()
    .map(form => Object.fromEntries($(form).serializeArray().map(({ name, value }) => [name, value])))
  t.same(offered, idp.config.users.map(({ username, password }) => ({ username, password })))
  t.same(
    $('.people button .name').toArray().map(name => $(name).text()),
    idp.config.users.map(({ claims }) => `Sign in as ${claims.name}`)
  )
})

t.test('leads to the console, to the live view of its realm, and outside the lab to none', async t => {
  const toConsole = ({ $ }: Awaited<ReturnType<typeof openSignIn>>) => $('a').toArray().map(link => $(link).attr('href') ?? '').filter(href => href.startsWith(idp.config.console))
  t.strictSame(toConsole(await openSignIn(idp)), [`${idp.config.console}/live`])
  t.strictSame(toConsole(await openSignIn(await idp.realm('blue'))), [`${idp.config.console}/live?realm=blue`])
  t.strictSame(toConsole(await new Visitor(idp).open('/')), [`${idp.config.console}/`, `${idp.config.console}/live`])
  t.strictSame(toConsole(await openSignIn(await startIdp(t, { LAB: 'false' }))), [])
})

t.test('signs in whoever is clicked', async t => {
  const visitor = new Visitor(idp)
  const page = await visitor.open(idp.authorizationRequest(idp.relyingParty))
  const { location } = await visitor.submit(page, {}, 'Sign in as Alice Anders')
  t.equal(location?.origin, 'http://app.localhost:3000')
  t.ok(location?.searchParams.has('code'))
})

t.test('shows no user and no password outside the lab', async t => {
  const idp = await startIdp(t, { LAB: 'false' })
  const pages = [await openSignIn(idp), await new Visitor(idp).open('/')]
  for (const { url, status, text } of pages) {
    t.equal(status, 200)
    for (const user of idp.config.users) {
      t.notOk(
        [user.password, String(user.claims['name']), user.sub].some(secret => text.includes(secret)),
        `${new URL(url).pathname}: ${user.username}`
      )
    }
  }
})

t.test('works without a script, and for a screen reader', async t => {
  const { $ } = await openSignIn(idp)
  t.equal($('script').length, 0)
  t.equal($('[style]').length, 0)
  t.same($('*').toArray().flatMap(element => Object.keys($(element).attr() ?? {})).filter(name => name.startsWith('on')), [])
  t.equal($('html').attr('lang'), 'en')
  t.equal($('h1').length, 1)
  for (const id of ['username', 'password']) t.equal($(`label[for=${id}]`).length, 1, `${id} has a label`)
  t.equal($('#password').attr('autocomplete'), 'current-password')
})

t.test('allows its pages their own styles and images, and forms that lead on to a client', async t => {
  const { headers } = await openSignIn(idp)
  const policy = Object.fromEntries(String(headers.get('content-security-policy')).split(';').map(directive => {
    const [name, ...sources] = directive.trim().split(/\s+/)
    return [name, sources]
  }))
  t.same(policy, {
    'default-src': ["'none'"],
    'style-src': ["'self'"],
    'img-src': ["'self'"],
    'form-action': ['*'],
    'frame-ancestors': ["'none'"],
    'base-uri': ["'none'"]
  })
  t.match(Object.fromEntries(headers), { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' })
  t.notOk(headers.has('strict-transport-security'), 'nothing about TLS where there is none')
})

t.test('serves what its pages refer to', async t => {
  const { $ } = await openSignIn(idp)
  const assets = $('link, img').toArray().map(element => $(element).attr('href') ?? $(element).attr('src')!)
  t.ok(assets.length >= 2)
  for (const asset of new Set(assets)) {
    const { statusCode, headers } = await idp.app.inject(asset)
    t.equal(statusCode, 200, asset)
    t.match(headers['content-type'], asset.endsWith('.css') ? 'text/css' : 'image/svg+xml', asset)
  }
})

t.test('fills in the user name that the application hints at, and escapes it', async t => {
  const hint = '"><script>alert(1)</script>'
  const { $ } = await new Visitor(idp).open(idp.authorizationRequest(idp.relyingParty, { login_hint: hint }))
  t.equal($('#username').attr('value'), hint)
  t.equal($('script').length, 0)
})

// As mail filters and link checkers do: https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1
t.test('HEAD changes nothing in the course of a sign-in', async t => {
  const visitor = new Visitor(idp)
  const head = async (url: string) => {
    const { status, headers } = await visitor.request(url, { method: 'HEAD' })
    t.strictSame([status, headers.getSetCookie()], [405, []], new URL(url).pathname)
    t.match(headers.get('allow'), /^GET\b/)
  }
  const request = idp.authorizationRequest(idp.relyingParty)
  await head(request)
  const page = await visitor.open(request)
  await head(page.url)
  const resume = await visitor.submit(page, {}, 'Sign in as Alice Anders', url => new URL(url).pathname.startsWith('/auth/'))
  await head(resume.url)
  t.ok((await visitor.open(resume.url)).location?.searchParams.get('code'), 'the sign-in can still be ended')
  t.equal((await visitor.request('/.well-known/openid-configuration', { method: 'HEAD' })).status, 200)
})

t.test('says in words that a sign-in page is not of this browser', async t => {
  const { url } = await openSignIn(idp)
  const stranger = await new Visitor(idp).open(url)
  t.equal(stranger.status, 400)
  t.equal(stranger.location, undefined)
  t.match(stranger.$('h1').text(), 'This sign-in has expired')
  t.match(stranger.$('.ways a').attr('href'), 'http://app.localhost:3000/')
})

const refused: [string, string, string][] = [
  ['a wrong password', 'alice', 'wrong'],
  ['an unknown user', 'nobody', 'alice-lab'],
  ['an unknown user without a password', 'nobody', ''],
  ['a disabled user with the right password', 'frida', 'frida-lab'],
  ['a disabled user with a wrong password', 'frida', 'wrong'],
  ['somebody else\'s password', 'alice', 'bob-lab'],
  ['a password in another case', 'alice', 'ALICE-LAB']
]

t.test('refuses a sign-in in the same words, whatever was wrong with it', async t => {
  const visitor = new Visitor(idp)
  const page = await visitor.open(idp.authorizationRequest(idp.relyingParty))
  const seen = new Map<string, string>()
  for (const [label, username, password] of refused) {
    const { status, text, $ } = await visitor.submit(page, { username, password }, 'Sign in')
    t.equal(status, 422, label)
    t.match($('[role=alert]').text(), /do not match an account that can sign in/, label)
    t.equal($('#username').attr('value'), username, `${label}: the user name stays in its field`)
    t.equal($('#password').attr('value'), undefined, `${label}: the password does not`)
    seen.set(text.replace(`value="${username}"`, 'value=""'), label)
  }
  t.equal(seen.size, 1, `one page for all of them, apart from the user name: ${[...seen.values()]}`)
})

t.test('lets a person try again after a wrong password', async t => {
  const visitor = new Visitor(idp)
  const page = await visitor.open(idp.authorizationRequest(idp.relyingParty))
  const refusal = await visitor.submit(page, { username: 'alice', password: 'wrong' }, 'Sign in')
  const { location } = await visitor.submit(refusal, { username: 'alice', password: 'alice-lab' }, 'Sign in')
  t.ok(location?.searchParams.has('code'))
})

t.test('takes a user name in any case and with spaces around it', async t => {
  const visitor = new Visitor(idp)
  const page = await visitor.open(idp.authorizationRequest(idp.relyingParty))
  t.ok((await visitor.submit(page, { username: ' Alice ', password: 'alice-lab' }, 'Sign in')).location?.searchParams.has('code'))
})

t.test('tells the application when a person cancels', async t => {
  const visitor = new Visitor(idp)
  const { location } = await visitor.submit(await visitor.open(idp.authorizationRequest(idp.relyingParty)), {}, 'Cancel and go back')
  t.equal(`${location?.origin}${location?.pathname}`, 'http://app.localhost:3000/callback')
  t.match(Object.fromEntries(location!.searchParams), { error: 'access_denied', state: 'the-state', iss: idp.config.issuer })
  t.notOk(location?.searchParams.has('code'))
})

t.test('answers a form that lacks a field with 400', async t => {
  const visitor = new Visitor(idp)
  const { url } = await visitor.open(idp.authorizationRequest(idp.relyingParty))
  const page = await visitor.post(`${url}/sign-in`, { username: 'alice' })
  t.equal(page.status, 400)
  t.match(page.headers.get('content-type'), 'text/html')
})

t.test('asks nothing of somebody who is signed in already', async t => {
  const visitor = new Visitor(idp)
  await visitor.signIn('alice')
  const { location } = await visitor.open(idp.authorizationRequest(idp.genesys, { prompt: 'none' }))
  t.equal(location?.pathname, '/messenger/callback')
  t.ok(location?.searchParams.has('code'))
})

t.test('asks for the password again when the application wants it so', async t => {
  const visitor = new Visitor(idp)
  await visitor.signIn('alice')
  for (const changes of [{ prompt: 'login' }, { max_age: '0' }]) {
    const page = await visitor.open(idp.authorizationRequest(idp.relyingParty, changes))
    t.equal(page.$('#password').length, 1, JSON.stringify(changes))
  }
})

t.test('lets no password, code, token or cookie reach the log', async t => {
  const lines: string[] = []
  const idp = await startIdp(t, { LOG_LEVEL: 'trace' }, { write: line => { lines.push(line) } })
  const visitor = new Visitor(idp)
  const page = await visitor.open(idp.authorizationRequest(idp.relyingParty, idp.offline))
  await visitor.submit(page, { username: 'alice', password: 'not-this-one' }, 'Sign in')
  const { location } = await visitor.signIn('alice', idp.relyingParty, idp.offline)
  const code = location!.searchParams.get('code')!
  const {
    access_token: accessToken, id_token: idToken, refresh_token: refreshToken
  } = (await idp.redeem(idp.relyingParty, code)).json()
  await idp.userinfo(accessToken)
  await idp.redeem(idp.relyingParty, code)
  const cookies = (await visitor.jar.getCookies(idp.config.issuer)).map(cookie => cookie.value)

  const log = lines.join('')
  t.match(log, 'refused a sign-in')
  t.match(log, 'refused relying-party at /token: invalid_grant')
  const secrets = [
    'not-this-one', 'alice-lab', code, accessToken, idToken, refreshToken,
    idp.relyingParty.client_secret, 'the-state', ...cookies
  ]
  for (const secret of secrets) t.notOk(log.includes(secret), secret)
})

async function openConsent (idp: Idp, username = 'carol', changes: Record<string, string | undefined> = {}) {
  const visitor = new Visitor(idp)
  const page = await visitor.open(idp.authorizationRequest(idp.relyingParty, changes))
  return { visitor, page: await visitor.submit(page, { username, password: `${username}-lab` }, 'Sign in') }
}

t.test('shows to who is always asked which application wants what, in words and with the values', async t => {
  const { page: { status, $, headers } } = await openConsent(idp, 'carol', { scope: 'openid profile email phone' })
  t.equal(status, 200)
  t.equal($('h1').text(), 'Allow Saltmarsh Kayaks?')
  t.match($('.lead').text(), 'Carol Castellanos')
  t.match(
    $('.scope').toArray().map(element => $(element).text()),
    [/Know who you are/, 'Read your profile', 'Read your email address', 'Read your phone number']
  )
  const claims = Object.fromEntries($('.scopes dl > div').toArray()
    .map(element => [$(element).find('dt').text(), $(element).find('dd').text()]))
  t.match(claims, {
    'your full name': 'Carol Castellanos',
    'your email address': 'carol@example.org',
    'whether the email address is verified': 'yes',
    'your phone number': '+34 910 000 123'
  })
  t.equal(headers.get('cache-control'), 'no-store')
  t.equal($('script').length, 0)
})

t.test('lists claims that are asked for one by one', async t => {
  const claims = JSON.stringify({ userinfo: { phone_number: null } })
  const { page: { $ } } = await openConsent(idp, 'carol', { scope: 'openid', claims })
  t.match($('.scopes').text(), /Read these one by one[^]*your phone number[^]*\+34 910 000 123/)
})

t.test('goes on with a code after Allow', async t => {
  const { visitor, page } = await openConsent(idp)
  const { location } = await visitor.submit(page, {}, 'Allow')
  t.equal(location?.pathname, '/callback')
  t.ok(location?.searchParams.has('code'))
})

t.test('tells the application when a person does not consent', async t => {
  const { visitor, page } = await openConsent(idp)
  const { location } = await visitor.submit(page, {}, 'Cancel and go back')
  t.match(Object.fromEntries(location!.searchParams), { error: 'access_denied', state: 'the-state', iss: idp.config.issuer })
})

t.test('asks nobody else for a first-party application', async t => {
  for (const { username } of idp.config.users.filter(user => !user.disabled && !user.always_ask_consent)) {
    const { page } = await openConsent(idp, username)
    t.ok(page.location?.searchParams.has('code'), username)
  }
})

t.test('asks everybody when the application itself wants that', async t => {
  const { page } = await openConsent(idp, 'alice', { prompt: 'consent' })
  t.equal(page.$('h1').text(), 'Allow Saltmarsh Kayaks?')
})

t.test('refuses to go on without a page for who has not consented yet', async t => {
  const { visitor, page } = await openConsent(idp)
  await visitor.submit(page, {}, 'Allow')
  const { location } = await visitor.open(idp.authorizationRequest(idp.genesys, { prompt: 'none' }))
  t.match(Object.fromEntries(location!.searchParams), { error: 'consent_required', state: 'the-state' })
})

t.test('takes no consent before somebody has signed in', async t => {
  const visitor = new Visitor(idp)
  const { url } = await visitor.open(idp.authorizationRequest(idp.relyingParty))
  const page = await visitor.post(`${url}/consent`, {})
  t.equal(page.status, 400)
  t.equal(page.location, undefined)
})

const sub = { alice: 'usr-7f3a91c0', bob: 'usr-20c4e85d' }
const claimed = (idToken: object) => JSON.stringify({ id_token: idToken })
const unreachable = { acr: { essential: true, values: ['Level9'] } }

for (const [label, ask, error] of [
  ['id_token_hint is about somebody else', async (at: Idp) => ({ id_token_hint: (await at.tokensFor('bob')).id_token }), 'login_required'],
  ['claims name another sub', async () => ({ claims: claimed({ sub: { value: sub.bob } }) }), 'login_required'],
  ['claims name other subs', async () => ({ claims: claimed({ sub: { values: [sub.bob, 'usr-0'] } }) }), 'login_required'],
  ['an essential acr is out of reach', async () => ({ claims: claimed(unreachable) }), 'unmet_authentication_requirements'],
  ['an essential acr is out of reach, and acr_values say the same', async () => ({
    claims: claimed({ acr: { essential: true, value: 'Level9' } }), acr_values: 'Level8'
  }), 'unmet_authentication_requirements']
] as const) {
  t.test(`gives the application an error, after one sign-in, where ${label}`, async t => {
    const realm = await idp.newRealm()
    const changes = { ...await ask(realm), max_age: '600' }
    const visitor = new Visitor(realm)
    const { location } = await visitor.signIn('alice', realm.relyingParty, changes)
    t.match(Object.fromEntries(location!.searchParams), { error, state: 'the-state', iss: realm.issuer })
    t.notOk(location?.searchParams.has('code'))
    t.equal(await visitor.isKnown(), false, 'nobody is signed in thereby')

    await visitor.signIn('alice')
    t.match((await visitor.signIn('alice', realm.relyingParty, changes)).location?.searchParams.get('error'), error, 'again')
    t.equal(await visitor.isKnown(), true, 'who was signed in stays so')
    const silent = await visitor.open(realm.authorizationRequest(realm.relyingParty, { ...changes, prompt: 'none' }))
    t.equal(silent.location?.searchParams.get('error'), error, 'without a page')

    await realm.lab.users.patch('alice', { sign_in_by_hint: true })
    for (const browser of [visitor, new Visitor(realm)]) {
      const hinted = await browser.open(realm.authorizationRequest(realm.relyingParty, { ...changes, login_hint: 'alice' }))
      t.equal(hinted.location?.searchParams.get('error'), error, 'signed in by a hint')
    }
  })
}

t.test('lets in whom a hint or a claim names, with the user name filled in', async t => {
  const { id_token: hint } = await idp.tokensFor('bob')
  const page = await new Visitor(idp).open(idp.authorizationRequest(idp.relyingParty, { id_token_hint: hint }))
  t.equal(page.$('#username').attr('value'), 'bob')
  for (const changes of [{ id_token_hint: hint }, { claims: claimed({ sub: { value: sub.bob } }) }]) {
    const { location } = await new Visitor(idp).signIn('bob', idp.relyingParty, changes)
    t.ok(location?.searchParams.has('code'), JSON.stringify(changes))
  }
})

const foreignHint = async (at: Idp, username: string) => {
  const other = await at.lab.clients.patch('genesys-messenger', { id_token_signed_response_alg: 'ES256' })
  return (await at.tokensFor(username, other)).id_token
}

// https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
t.test('takes for a hint what it has issued to another application, however long ago', async t => {
  const realm = await idp.newRealm()
  const hint = await foreignHint(realm, 'bob')
  t.match(decodeJwt(hint), { aud: 'genesys-messenger' })
  await realm.lab.clock.advance(2 * 60 * 60)
  t.ok(decodeJwt(hint).exp! < Date.now() / 1000 + 2 * 60 * 60, 'it has expired')

  const silently = { id_token_hint: hint, prompt: 'none' }
  const outcomeFor = async (username: string) => {
    const visitor = new Visitor(realm)
    await visitor.signIn(username)
    return Object.fromEntries((await visitor.open(realm.authorizationRequest(realm.relyingParty, silently))).location!.searchParams)
  }
  t.match(await outcomeFor('bob'), { code: /./ })
  t.match(await outcomeFor('alice'), { error: 'login_required' })
  const page = await new Visitor(realm).open(realm.authorizationRequest(realm.relyingParty, { id_token_hint: hint }))
  t.equal(page.$('#username').attr('value'), 'bob')

  const pushing = await realm.lab.clients.patch('relying-party', { pushed_authorization_requests: 'allowed' })
  const parameters = Object.fromEntries(new URL(realm.authorizationRequest(pushing, silently)).searchParams)
  t.equal((await realm.post('/request', pushing, parameters)).statusCode, 201, 'pushed, too')

  await realm.lab.users.remove('bob')
  const nobody = await new Visitor(realm).open(realm.authorizationRequest(realm.relyingParty, silently))
  t.equal(nobody.location?.searchParams.get('error'), 'login_required', 'of somebody who is not known any more')
})

for (const [what, spoil] of [
  ['another issuer', async () => foreignHint(await idp.newRealm(), 'bob')],
  ['an application that is not there any more', async (realm: Idp) => {
    const hint = await foreignHint(realm, 'bob')
    await realm.lab.clients.remove('genesys-messenger')
    return hint
  }],
  ['another application, with another signature', async (realm: Idp) => (await foreignHint(realm, 'bob')).replace(/.{8}$/, 'AAAAAAAA')],
  ['another application, without a signature', async (realm: Idp) => {
    const [, payload] = (await foreignHint(realm, 'bob')).split('.')
    return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`
  }],
  ['nobody, since it is no token', async () => 'made-up']
] as const) {
  t.test(`takes no hint of ${what}`, async t => {
    const realm = await idp.newRealm()
    const hint = await spoil(realm)
    const { location } = await new Visitor(realm).open(realm.authorizationRequest(realm.relyingParty, { id_token_hint: hint }))
    t.match(Object.fromEntries(location!.searchParams), {
      error: 'invalid_request', error_description: 'could not validate id_token_hint', state: 'the-state'
    })
  })
}

t.test('refuses in words a claims parameter of a wrong shape', async t => {
  for (const idToken of [{ sub: 'usr-1' }, { sub: { value: 5 } }, { acr: { essential: true, values: 'Level3' } }, { acr: 'Level3' }]) {
    const { location } = await new Visitor(idp).open(idp.authorizationRequest(idp.relyingParty, { claims: claimed(idToken) }))
    t.match(location?.searchParams.get('error'), 'invalid_request', JSON.stringify(idToken))
    t.match(location?.searchParams.get('error_description'), `claims.id_token.${Object.keys(idToken)[0]}`)
  }
})

const choose = { prompt: 'select_account' }

t.test('has a person who is signed in choose whom to go on as, where the application wants that', async t => {
  const visitor = new Visitor(idp)
  await visitor.signIn('alice')
  const page = await visitor.open(idp.authorizationRequest(idp.relyingParty, choose))
  t.equal(page.$('h1').text(), 'Choose an account')
  t.match(page.$('.person').length, idp.config.users.length + 1, 'and all test users, in the lab')
  const same = await visitor.submit(page, {}, 'Continue as Alice Anders')
  t.ok(same.location?.searchParams.has('code'))

  const again = await visitor.open(idp.authorizationRequest(idp.relyingParty, choose))
  const warned = await visitor.submit(again, { username: 'bob', password: 'bob-lab' }, 'Sign in')
  t.equal(warned.$('h1').text(), 'Somebody else is signed in')
  const { location } = await visitor.submit(warned, {}, 'Continue')
  const { id_token: idToken } = (await idp.redeem(idp.relyingParty, location!.searchParams.get('code')!)).json()
  t.equal(decodeJwt(idToken).sub, sub.bob)
})

t.test('is chosen an account in by signing in, where nobody is signed in', async t => {
  const visitor = new Visitor(idp)
  const page = await visitor.open(idp.authorizationRequest(idp.relyingParty, choose))
  t.equal(page.$('h1').text(), 'Sign in')
  const { location } = await visitor.submit(page, { username: 'alice', password: 'alice-lab' }, 'Sign in')
  t.ok(location?.searchParams.has('code'))
  const silent = await visitor.open(idp.authorizationRequest(idp.relyingParty, { prompt: 'none select_account' }))
  t.equal(silent.location?.searchParams.get('error'), 'invalid_request')
})

t.test('asks everything else still of whoever has chosen', async t => {
  const realm = await idp.newRealm()
  const visitor = new Visitor(realm)
  await visitor.signIn('alice')
  const chosen = async (changes: Record<string, string>) =>
    visitor.submit(await visitor.open(realm.authorizationRequest(realm.relyingParty, { ...choose, ...changes })), {}, 'Continue as')
  const login = await chosen({ prompt: 'login select_account' })
  t.equal(login.$('h1').text(), 'Sign in')
  t.ok((await visitor.submit(login, { username: 'alice', password: 'alice-lab' }, 'Sign in')).location?.searchParams.has('code'))
  t.equal((await chosen({ prompt: 'select_account consent' })).$('h1').text(), 'Allow Saltmarsh Kayaks?')
  const { id_token: hint } = await realm.tokensFor('bob')
  t.equal((await chosen({ id_token_hint: hint })).$('h1').text(), 'Sign in')

  await realm.lab.users.patch('alice', { sign_in_by_hint: true })
  const hinted = await visitor.open(realm.authorizationRequest(realm.relyingParty, { ...choose, login_hint: 'alice' }))
  t.ok(hinted.location?.searchParams.has('code'), 'nothing of whom a hint signs in')
})

t.test('takes no choice where none was asked for', async t => {
  const visitor = new Visitor(idp)
  await visitor.signIn('alice')
  const { url } = await visitor.open(idp.authorizationRequest(idp.relyingParty, { prompt: 'login' }))
  t.equal((await visitor.post(`${url}/select-account`, {})).status, 400)
})

t.test('refuses in words a prompt that it does not know, to register for example, and announces those that it knows', async t => {
  for (const prompt of ['create', 'login signup']) {
    const { location } = await new Visitor(idp).open(idp.authorizationRequest(idp.relyingParty, { prompt }))
    t.match(Object.fromEntries(location!.searchParams), {
      error: 'invalid_request', state: 'the-state', error_description: `prompt=${prompt.split(' ').at(-1)} is not supported`
    })
  }
  const realm = await idp.newRealm()
  const client = await realm.lab.clients.patch('relying-party', { pushed_authorization_requests: 'allowed' })
  const parameters = Object.fromEntries(new URLSearchParams(realm.authorizationRequest(client, { prompt: 'create' }).split('?')[1]))
  t.match((await realm.post('/request', client, parameters)).json(), { error: 'invalid_request', error_description: /prompt=create/ })
  t.same((await idp.get('/.well-known/openid-configuration')).json().prompt_values_supported,
    ['none', 'login', 'consent', 'select_account'])
})
