import t from 'tap'
import { deviceCodeGrant } from '../../../services/idp/clients/registered-clients.ts'
import { startIdp, Visitor, type Idp } from '../helper.ts'
import { discover, postForm, registerShop } from './helper.ts'

const log: string[] = []
const idp = await startIdp(t, { LOG_LEVEL: 'warn' }, { write: line => { log.push(line) } })
const printed: unknown[] = []
const { error: printError } = console
console.error = (...words) => { printed.push(words) }
t.teardown(() => { console.error = printError })

const wellKnown = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server']
const ofPages = ['/', '/interaction/nobody', '/interaction/nobody/sign-in', '/interaction/nobody/consent', '/interaction/nobody/cancel']
const ofProtocol = [
  ...wellKnown, '/jwks', '/auth', '/auth/nobody', '/request', '/token', '/token/introspection', '/token/revocation', '/me',
  '/session/end', '/session/end/confirm', '/session/end/success', '/device', '/device/auth', '/device/nobody', '/reg',
  '/reg/nobody', '/device?user_code=1&user_code=2', '/auth?client_id=1&client_id=2', '/auth?client_id=relying-party&claims={',
  '/auth?client_id=relying-party&request=x.y.z', '/auth?posted=00000000-0000-0000-0000-000000000000', '/nowhere'
]
const bodies = [
  undefined,
  ['application/x-www-form-urlencoded', 'xsrf=a&xsrf=b&user_code=%00&client_id=relying-party&token=x&grant_type=y&logout=1'],
  ['application/json', '{"redirect_uris":[null],"jwks":7,"grant_types":{}}'],
  ['text/plain', '%']
] as const

/** The cookies of a browser: none, such as nobody has been given, and those of a person who is signed in. */
async function cookiesOf (realm: Idp): Promise<Record<string, string>> {
  const { cookies } = await realm.lab.sessions.signIn('alice')
  const signedIn = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
  const names = ['session', 'interaction', 'interaction_resume'].map(name => `_${name}.${realm.base.split('/').at(-1)}`)
  return { none: '', broken: names.map(name => `${name}=nobody; ${name}.sig=nobody`).join('; '), signedIn }
}

for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const) {
  t.test(`answers ${method} at every path, whoever asks and whatever is sent, without having failed`, async t => {
    const realm = await idp.newRealm()
    await realm.lab.settings.patch({ dynamic_client_registration: true })
    const cookies = await cookiesOf(realm)
    for (const path of [...ofPages, ...ofProtocol]) {
      for (const [whose, cookie] of Object.entries(cookies)) {
        for (const [type, payload] of ['GET', 'HEAD'].includes(method) ? [[]] : bodies.map(body => body ?? [])) {
          for (const accept of ['text/html', '*/*']) {
            const { statusCode, headers } = await realm.app.inject({
              method,
              url: realm.base + path,
              headers: { accept, cookie, ...(type && { 'content-type': type }) },
              ...(payload !== undefined && { payload })
            })
            const what = `${path} ${type ?? ''} ${accept}, cookies ${whose}`
            if (statusCode >= 500) t.fail(`${what}: ${statusCode}`)
            if (statusCode >= 400 && !/^(text\/html|application\/json)/.test(String(headers['content-type']))) {
              t.fail(`${what}: ${statusCode}, ${headers['content-type']}`)
            }
          }
        }
      }
    }
    t.same([...log.splice(0), ...printed.splice(0)], [])
  })
}

t.test('takes a code of a device from a browser that has no session yet, once it has shown its own form', async t => {
  const realm = await idp.newRealm()
  await registerShop(realm, { token_endpoint_auth_method: 'none', client_secret: undefined, grant_types: [deviceCodeGrant] })
  const asked = (await postForm(realm, '/device/auth', { client_id: 'shop', scope: 'openid' })).json()
  const visitor = new Visitor(realm)
  const refused = await visitor.post('/device', { user_code: asked.user_code })
  t.match([refused.status, refused.$('h1').text()], [400, 'Connect a device'])
  const confirm = await visitor.submit(refused, { user_code: asked.user_code })
  t.match([confirm.status, confirm.$('main').text()], [200, asked.user_code])
})

/** A form of a page of another site: the cookies that sign somebody in stay at home. */
const postFromElsewhere = async (visitor: Visitor, url: string, fields: URLSearchParams) =>
  await visitor.follow(await visitor.request(url, { form: fields, inFrame: true }))

for (const [what, length] of [['an authorization request', 10], ['a long one', 20_000]] as const) {
  t.test(`takes ${what} by POST, also from another site, for the person who is signed in`, async t => {
    const realm = await idp.newRealm()
    const visitor = new Visitor(realm)
    await visitor.signIn('alice')
    const state = 'x'.repeat(length)
    const { origin, pathname, searchParams } = new URL(realm.authorizationRequest(realm.relyingParty, { state, prompt: 'none' }))
    const { location } = await postFromElsewhere(visitor, origin + pathname, searchParams)
    t.equal(location?.searchParams.get('state'), state)
    t.equal((await realm.redeem(realm.relyingParty, location!.searchParams.get('code')!)).statusCode, 200)
    t.same(
      (await realm.lab.ledger.query({ endpoint: 'authorization' })).entries.filter(({ method }) => method === 'POST')
        .map(({ status, parameters }) => [status, parameters['client_id']]),
      [[303, 'relying-party']]
    )
  })
}

t.test('keeps no more than a thousand forms that are too long for a URL, and goes on with the others', async t => {
  const realm = await idp.newRealm()
  const send = async (length: number) => (await postForm(realm, '/auth', { state: 'x'.repeat(length) })).statusCode
  await Promise.all(Array.from({ length: 1_000 }, () => send(5_000)))
  t.same([await send(5_000), await send(10)], [429, 303])
})

t.test('takes a sign-out by POST, with an ID token that is too long for any URL', async t => {
  const realm = await idp.newRealm()
  await realm.lab.users.patch('alice', { claims: { groups: Array.from({ length: 400 }, (_, index) => `group-${index}-${'x'.repeat(40)}`) } })
  await realm.lab.settings.patch({ scopes: { groups: ['groups'] } })
  const shop = await registerShop(realm, { id_token_claims: ['groups'], scope: 'openid groups' })
  const visitor = new Visitor(realm)
  const { location } = await visitor.signIn('alice', shop, { scope: 'openid groups' })
  const { id_token: hint } = (await realm.redeem(shop, location!.searchParams.get('code')!)).json()
  t.ok(hint.length > 20_000, `${hint.length} characters`)
  const fields = new URLSearchParams({ id_token_hint: hint, post_logout_redirect_uri: 'http://shop.localhost/', state: 'z' })
  let page = await postFromElsewhere(visitor, `${realm.issuer}/session/end`, fields)
  if (page.$('form').length > 0) page = await visitor.submit(page, {}, 'Sign out')
  t.equal(page.location?.href, 'http://shop.localhost/?state=z')
  t.notOk(await visitor.isKnown())
})

t.test('says what it is to clients of OAuth too, and where RFC 8414 has them look', async t => {
  const realm = await idp.newRealm()
  const document = await discover(realm)
  const insertedPath = `/.well-known/oauth-authorization-server${realm.base}`
  for (const path of [`${realm.base}/.well-known/oauth-authorization-server`, insertedPath]) {
    t.same((await realm.app.inject(path)).json(), document, path)
  }
  t.same((await idp.get('/.well-known/oauth-authorization-server')).json(), await discover(idp), 'at the root')
  t.equal((await idp.get('/.well-known/oauth-authorization-server/realms/nowhere')).statusCode, 404)
})

t.test('lets browsers ask before a page of another origin calls', async t => {
  const realm = await idp.newRealm()
  const paths = [
    ...wellKnown.map(path => realm.base + path), `/.well-known/oauth-authorization-server${realm.base}`,
    ...['/jwks', '/token', '/me', '/token/introspection', '/token/revocation', '/request', '/device/auth'].map(path => realm.base + path)
  ]
  for (const url of paths) {
    const { statusCode, headers } = await realm.app.inject({
      method: 'OPTIONS', url, headers: { origin: 'http://page.example', 'access-control-request-method': 'GET' }
    })
    t.match([statusCode, headers['access-control-allow-origin']], [204, 'http://page.example'], url)
  }
})

t.test('answers a revocation with nothing, and says of no kind that it is', async t => {
  const { access_token: token } = await idp.tokensFor('alice')
  const response = await idp.post('/token/revocation', idp.relyingParty, { token })
  t.same([response.statusCode, response.headers['content-type'], response.body], [200, undefined, ''])
})
