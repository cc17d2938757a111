import t from 'tap'
import { deviceCodeGrant, type RegisteredClient } from '../../../services/idp/clients/registered-clients.ts'
import { postForm, registerShop } from './helper.ts'
import { startIdp, Visitor, type Idp } from '../helper.ts'
import type { Page } from '../../helpers/browser.ts'

const idp = await startIdp(t)

const formActionOf = ({ headers }: Page) => /form-action ([^;]*)/.exec(String(headers.get('content-security-policy')))?.[1]

/** Every page that there is, by name, as somebody goes through them with a client whose addresses are of one origin. */
async function pagesOf (realm: Idp, shop: RegisteredClient): Promise<Record<string, Page>> {
  const visitor = new Visitor(realm)
  const parameters = { client_id: 'shop', post_logout_redirect_uri: shop.post_logout_redirect_uris[0]! }
  const endSession = `/session/end?${new URLSearchParams(parameters)}`
  const signIn = await visitor.open(realm.authorizationRequest(shop))
  const refused = await visitor.submit(signIn, { username: 'alice', password: 'wrong' }, 'Sign in')
  await visitor.submit(refused, { username: 'alice', password: 'alice-lab' }, 'Sign in')
  const consent = await visitor.open(realm.authorizationRequest(shop, realm.offline))
  const asForm = await visitor.open(realm.authorizationRequest(shop, { response_mode: 'form_post' }))
  const again = await visitor.open(realm.authorizationRequest(shop, { prompt: 'login' }))
  const somebodyElse = await visitor.submit(again, { username: 'bob', password: 'bob-lab' }, 'Sign in')
  const signOut = await visitor.open(endSession)
  const framed = await visitor.submit(signOut, {}, 'Sign out')
  const nobodyThere = await visitor.open(endSession)
  const { user_code: userCode } = (await postForm(realm, '/device/auth', { client_id: 'television', scope: 'openid' })).json()
  const deviceCode = await visitor.open('/device')
  const filledIn = await visitor.open(`/device?user_code=${userCode}`)
  const mistyped = await visitor.submit(deviceCode, { user_code: 'nonsense' })
  const deviceConfirm = await visitor.submit(mistyped, { user_code: userCode })
  return {
    signIn,
    refused,
    consent,
    asForm,
    somebodyElse,
    signOut,
    framed,
    nobodyThere,
    deviceCode,
    filledIn,
    mistyped,
    deviceConfirm,
    home: await visitor.open('/'),
    error: await visitor.open('/auth?client_id=nobody'),
    nothing: await visitor.open('/nowhere'),
    signedOut: await visitor.open('/session/end/success')
  }
}

const ownPages = ['deviceCode', 'filledIn', 'mistyped', 'deviceConfirm']

// An application may go on from its callback to wherever it likes, and browsers hold all redirects after a form to the policy.
t.test('lets pages that lead on to an application send their forms anywhere, its own pages here alone, and others nowhere', async t => {
  const realm = await idp.newRealm()
  const shop = await registerShop(realm, { frontchannel_logout_uri: 'http://shop.localhost/bye' })
  const device = { token_endpoint_auth_method: 'none', client_secret: undefined, grant_types: [deviceCodeGrant] } as const
  await registerShop(realm, { ...device, grant_types: [...device.grant_types] }, 'television')
  for (const [name, page] of Object.entries(await pagesOf(realm, shop))) {
    const expected = page.$('form').length === 0 ? "'none'" : ownPages.includes(name) ? "'self'" : '*'
    t.equal(formActionOf(page), expected, `${name}: ${page.$('h1').text()}`)
    t.notOk(page.headers.has('cross-origin-opener-policy'), `${name} can be shown in a window of an application`)
  }
})

const sources: [string, string, Partial<RegisteredClient>?][] = [
  ['https://bücher.example/callback', '*'],
  ['http://[::1]:4000/callback', '*'],
  ['com.example.app:/callback', '* com.example.app:', { application_type: 'native' }],
  ['com.example.app://callback', '* com.example.app:', { application_type: 'native' }]
]
for (const [redirectUri, source, fields] of sources) {
  t.test(`lets the sign-in page lead to ${redirectUri}`, async t => {
    const realm = await idp.newRealm()
    const shop = await registerShop(realm, { ...fields, redirect_uris: [redirectUri], post_logout_redirect_uris: [] })
    const visitor = new Visitor(realm)
    t.equal(formActionOf(await visitor.open(realm.authorizationRequest(shop))), source)
    const { location } = await visitor.signIn('alice', shop)
    t.equal(location?.href.split('?')[0], new URL(redirectUri).href)
  })
}

t.test('sends every page, however many clients and redirect URIs there are', async t => {
  const realm = await idp.newRealm()
  const hosts = Array.from({ length: 100 }, (_, index) => `https://${'x'.repeat(60)}.${'y'.repeat(60)}.host-${index}.example`)
  const shop = await registerShop(realm, { redirect_uris: hosts.map(host => `${host}/callback`), post_logout_redirect_uris: [] })
  for (let count = 0; count < 371; count++) {
    await registerShop(realm, { redirect_uris: [`https://host-${count}.of-another.example/callback`] }, `client-${count}`)
  }
  const page = await new Visitor(realm).open(realm.authorizationRequest(shop))
  t.equal(page.status, 200)
  t.ok(JSON.stringify([...page.headers]).length < 1_500, 'the sign-in page')
  for (const path of ['/.well-known/openid-configuration', '/nowhere']) {
    t.ok(JSON.stringify((await realm.get(path)).headers).length < 1_500, path)
  }
})
