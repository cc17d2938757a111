import t from 'tap'
import { startIdp, Visitor, type Idp } from './helper.ts'

async function openConsent (idp: Idp, username = 'carol', changes: Record<string, string | undefined> = {}) {
  const visitor = new Visitor(idp)
  const page = await visitor.open(idp.authorizationRequest(idp.relyingParty, changes))
  return { visitor, page: await visitor.submit(page, { username, password: `${username}-lab` }, 'Sign in') }
}

t.test('shows to who is always asked which application wants what, in words and with the values', async t => {
  const { page: { status, $, headers } } = await openConsent(await startIdp(t), 'carol', { scope: 'openid profile email phone' })
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
  const { page: { $ } } = await openConsent(await startIdp(t), 'carol', { scope: 'openid', claims })
  t.match($('.scopes').text(), /Read these one by one[^]*your phone number[^]*\+34 910 000 123/)
})

t.test('goes on with a code after Allow', async t => {
  const { visitor, page } = await openConsent(await startIdp(t))
  const { location } = await visitor.submit(page, {}, 'Allow')
  t.equal(location?.pathname, '/callback')
  t.ok(location?.searchParams.has('code'))
})

t.test('tells the application when a person does not consent', async t => {
  const idp = await startIdp(t)
  const { visitor, page } = await openConsent(idp)
  const { location } = await visitor.submit(page, {}, 'Cancel and go back')
  t.match(Object.fromEntries(location!.searchParams), { error: 'access_denied', state: 'the-state', iss: idp.config.issuer })
})

t.test('asks nobody else for a first-party application', async t => {
  const idp = await startIdp(t)
  for (const { username } of idp.config.users.filter(user => !user.disabled && !user.always_ask_consent)) {
    const { page } = await openConsent(idp, username)
    t.ok(page.location?.searchParams.has('code'), username)
  }
})

t.test('asks everybody when the application itself wants that', async t => {
  const { page } = await openConsent(await startIdp(t), 'alice', { prompt: 'consent' })
  t.equal(page.$('h1').text(), 'Allow Saltmarsh Kayaks?')
})

t.test('refuses to go on without a page for who has not consented yet', async t => {
  const idp = await startIdp(t)
  const { visitor, page } = await openConsent(idp)
  await visitor.submit(page, {}, 'Allow')
  const { location } = await visitor.open(idp.authorizationRequest(idp.genesys, { prompt: 'none' }))
  t.match(Object.fromEntries(location!.searchParams), { error: 'consent_required', state: 'the-state' })
})

t.test('takes no consent before somebody has signed in', async t => {
  const idp = await startIdp(t)
  const visitor = new Visitor(idp)
  const { url } = await visitor.open(idp.authorizationRequest(idp.relyingParty))
  const page = await visitor.post(`${url}/consent`, {})
  t.equal(page.status, 400)
  t.equal(page.location, undefined)
})
