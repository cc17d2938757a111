import t from 'tap'
import { startIdp, Visitor, type Idp } from './helper.ts'

const openSignIn = (idp: Idp) => new Visitor(idp).open(idp.authorizationRequest(idp.relyingParty))

t.test('shows a form and, in the lab, every test user one click away', async t => {
  const idp = await startIdp(t)
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

t.test('signs in whoever is clicked', async t => {
  const idp = await startIdp(t)
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
  const { $ } = await openSignIn(await startIdp(t))
  t.equal($('script').length, 0)
  t.equal($('[style]').length, 0)
  t.same($('*').toArray().flatMap(element => Object.keys($(element).attr() ?? {})).filter(name => name.startsWith('on')), [])
  t.equal($('html').attr('lang'), 'en')
  t.equal($('h1').length, 1)
  for (const id of ['username', 'password']) t.equal($(`label[for=${id}]`).length, 1, `${id} has a label`)
  t.equal($('#password').attr('autocomplete'), 'current-password')
})

t.test('allows its pages their own styles and images, and forms that end at itself or a client', async t => {
  const { headers } = await openSignIn(await startIdp(t))
  const policy = Object.fromEntries(String(headers.get('content-security-policy')).split(';').map(directive => {
    const [name, ...sources] = directive.trim().split(/\s+/)
    return [name, sources]
  }))
  t.same(policy, {
    'default-src': ["'none'"],
    'style-src': ["'self'"],
    'img-src': ["'self'"],
    'form-action': ["'self'", 'http://app.localhost:3000'],
    'frame-ancestors': ["'none'"],
    'base-uri': ["'none'"]
  })
  t.match(Object.fromEntries(headers), { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' })
  t.notOk(headers.has('strict-transport-security'), 'nothing about TLS where there is none')
})

t.test('serves what its pages refer to', async t => {
  const idp = await startIdp(t)
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
  const idp = await startIdp(t)
  const hint = '"><script>alert(1)</script>'
  const { $ } = await new Visitor(idp).open(idp.authorizationRequest(idp.relyingParty, { login_hint: hint }))
  t.equal($('#username').attr('value'), hint)
  t.equal($('script').length, 0)
})

t.test('says in words that a sign-in page is not of this browser', async t => {
  const idp = await startIdp(t)
  const { url } = await openSignIn(idp)
  const stranger = await new Visitor(idp).open(url)
  t.equal(stranger.status, 400)
  t.equal(stranger.location, undefined)
  t.match(stranger.$('h1').text(), 'This sign-in has expired')
  t.match(stranger.$('.ways a').attr('href'), 'http://app.localhost:3000/')
})
