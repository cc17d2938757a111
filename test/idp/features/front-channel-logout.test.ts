import { decodeJwt } from 'jose'
import t, { type Test } from 'tap'
import type { RegisteredClient } from '../../../services/idp/clients.ts'
import { refusalOf, startIdp, Visitor, type Idp } from '../helper.ts'
import { discover, registerShop } from './helper.ts'

const shopUri = 'http://shop.localhost/frontchannel-logout?from=idp'
const museum = {
  client_name: 'Museum',
  redirect_uris: ['http://museum.localhost:4000/callback'],
  frontchannel_logout_uri: 'http://museum.localhost:4000/bye'
}

async function signedIn (t: Test, clients: (idp: Idp) => Promise<RegisteredClient[]>, realm?: string) {
  const root = await startIdp(t)
  const idp = realm === undefined ? root : await root.realm(realm)
  const visitor = new Visitor(idp)
  const sids: Record<string, unknown> = {}
  let hint = ''
  for (const client of await clients(idp)) {
    const { location } = await visitor.signIn('alice', client)
    hint = (await idp.redeem(client, location!.searchParams.get('code')!)).json().id_token
    sids[client.client_id] = decodeJwt(hint).sid
  }
  const signOut = async (button = 'Sign out', changes: Record<string, string> = {}) => {
    const parameters = { id_token_hint: hint, post_logout_redirect_uri: 'http://shop.localhost/', state: 'the state', ...changes }
    return await visitor.submit(await visitor.open(`/session/end?${new URLSearchParams(parameters)}`), {}, button)
  }
  return { idp, visitor, signOut, sids }
}

t.test('opens in a frame what each client of the session wants, and allows frames of these alone', async t => {
  const { idp, signOut, sids, visitor } = await signedIn(t, async idp => [
    await registerShop(idp, museum, 'museum'),
    await registerShop(idp, { frontchannel_logout_uri: shopUri, frontchannel_logout_session_required: true })
  ])
  const { status, $, headers, location } = await signOut()
  t.equal(status, 200)
  t.equal(location, undefined)
  t.same($('iframe').toArray().map(frame => $(frame).attr('src')), [
    'http://museum.localhost:4000/bye',
    `${shopUri}&${new URLSearchParams({ iss: idp.config.issuer, sid: String(sids['shop']) })}`
  ])
  t.equal($('iframe:not([hidden])').length, 0)
  const policy = String(headers.get('content-security-policy')).split(';')
  t.ok(policy.includes('frame-src http://museum.localhost:4000 http://shop.localhost'), String(policy))
  t.ok(policy.includes("default-src 'none'"))
  t.match($('.lead').text(), /Museum, Shop/)
  t.equal(await visitor.isKnown(), false)
})

t.test('leads back to the application, by itself and by a click, with its state', async t => {
  const { signOut } = await signedIn(t, async idp => [await registerShop(idp, { frontchannel_logout_uri: shopUri })])
  const { $, headers } = await signOut()
  t.equal($('a.primary').attr('href'), 'http://shop.localhost/?state=the+state')
  t.equal($('a.primary').text(), 'Back to Shop')
  t.equal($('meta[http-equiv=refresh]').attr('content'), '3;url=http://shop.localhost/?state=the+state')
  t.equal($('script').length, 0)
  t.equal(headers.get('location'), null)
})

t.test('goes on to our own page where there is no way back, in a realm too', async t => {
  const { signOut } = await signedIn(t, async idp => [await registerShop(idp, { frontchannel_logout_uri: shopUri })], 'harbour')
  const { $ } = await signOut('Sign out', { id_token_hint: '', post_logout_redirect_uri: '', client_id: 'shop' })
  t.equal($('a.primary').attr('href'), 'http://idp.localhost:3001/realms/harbour/session/end/success')
  t.equal($('a.primary').text(), 'Continue')
})

t.test('says the issuer of the realm to the client', async t => {
  const { signOut } = await signedIn(t, async idp =>
    [await registerShop(idp, { frontchannel_logout_uri: shopUri, frontchannel_logout_session_required: true })], 'harbour')
  const { $ } = await signOut()
  t.equal(new URL($('iframe').attr('src')!).searchParams.get('iss'), 'http://idp.localhost:3001/realms/harbour')
})

t.test('stays a plain redirect where no client of the session wants a frame, or where somebody stays signed in', async t => {
  const without = await signedIn(t, async idp => {
    await registerShop(idp, museum, 'museum')
    return [await registerShop(idp)]
  })
  t.equal((await without.signOut()).location?.href, 'http://shop.localhost/?state=the+state')
  const staying = await signedIn(t, async idp => [
    await registerShop(idp, museum, 'museum'), await registerShop(idp, { frontchannel_logout_uri: shopUri })
  ])
  t.equal((await staying.signOut('Stay signed in')).location?.href, 'http://shop.localhost/?state=the+state')
})

t.test('is off for the relying party, which has a back channel, and on by one change of its registration', async t => {
  const { idp, visitor, signOut, sids } = await signedIn(t, async ({ relyingParty }) => [relyingParty])
  t.equal(idp.relyingParty.frontchannel_logout_uri, undefined)
  t.match(idp.relyingParty, {
    backchannel_logout_uri: 'http://app.localhost:3000/backchannel-logout', backchannel_logout_session_required: true
  })
  const frame = 'http://app.localhost:3000/frontchannel-logout'
  await idp.lab.clients.patch('relying-party', { frontchannel_logout_uri: frame, frontchannel_logout_session_required: true })
  const back = 'http://app.localhost:3000/logout/callback'
  const { $ } = await signOut('Sign out', { post_logout_redirect_uri: back })
  t.same($('iframe').toArray().map(frame => $(frame).attr('src')), [
    `${frame}?${new URLSearchParams({ iss: idp.config.issuer, sid: String(sids['relying-party']) })}`
  ])
  t.equal($('a.primary').attr('href'), `${back}?state=the+state`)

  await idp.lab.clients.reset()
  await visitor.signIn('alice')
  t.equal((await signOut('Sign out', { post_logout_redirect_uri: back })).location?.href, `${back}?state=the+state`)
})

t.test('carries a fault in the way back too', async t => {
  const { idp, signOut } = await signedIn(t, async idp => [await registerShop(idp, { frontchannel_logout_uri: shopUri })])
  await idp.lab.faults.switchOn('end-session-invalid-state')
  const { $ } = await signOut()
  t.equal($('a.primary').attr('href'), 'http://shop.localhost/?state=state-of-another-request')
})

const refused: [string, string][] = [
  ['of another host than its redirect URIs', 'http://evil.localhost/bye'],
  ['of another port', 'http://shop.localhost:4000/bye'],
  ['of another scheme', 'https://shop.localhost/bye'],
  ['that a header would take for two', 'http://shop.localhost;script-src/bye']
]
for (const [label, uri] of refused) {
  t.test(`registers no client with a frontchannel_logout_uri ${label}`, async t => {
    const refusal = await refusalOf(registerShop(await startIdp(t), { frontchannel_logout_uri: uri }))
    t.match(refusal, { status: 400, description: /frontchannel_logout_uri/ })
  })
}

t.test('announces it', async t => {
  t.match(await discover(await startIdp(t)), { frontchannel_logout_supported: true, frontchannel_logout_session_supported: true })
})
