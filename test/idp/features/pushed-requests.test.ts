import t from 'tap'
import { codeChallenge, startIdp, Visitor, type Idp } from '../helper.ts'
import type { RegisteredClient } from '../../../services/idp/clients.ts'
import { credentialsOf, discover, postForm, registerShop } from './helper.ts'

const push = (idp: Idp, client: RegisteredClient, changes: Record<string, string> = {}) => postForm(idp, '/request', {
  ...credentialsOf(client),
  redirect_uri: client.redirect_uris[0]!,
  response_type: 'code',
  scope: 'openid',
  state: 'pushed-state',
  code_challenge: codeChallenge,
  code_challenge_method: 'S256',
  ...changes
})

const goOn = (idp: Idp, client: RegisteredClient, requestUri: string, more: Record<string, string> = {}) =>
  new Visitor(idp).open(`/auth?${new URLSearchParams({
    client_id: client.client_id, request_uri: requestUri, ...more
  })}`)

t.test('refuses to push to a client that does not use it, and nothing is kept', async t => {
  const idp = await startIdp(t)
  const response = await push(idp, await registerShop(idp))
  t.equal(response.statusCode, 400)
  t.match(response.json(), { error: 'unauthorized_client', error_description: /pushed authorization requests/ })
  const wrong = await push(idp, await registerShop(idp), { client_secret: 'not-the-secret-of-the-shop' })
  t.match([wrong.statusCode, wrong.json().error], [401, 'invalid_client'], 'and tells so only to the client itself')
})

t.test('knows no request_uri of a client that does not push', async t => {
  const idp = await startIdp(t)
  const shop = await registerShop(idp, { pushed_authorization_requests: 'allowed' })
  const requestUri = (await push(idp, shop)).json().request_uri
  await registerShop(idp, { pushed_authorization_requests: 'off' })
  const { location, $ } = await goOn(idp, shop, requestUri, { redirect_uri: shop.redirect_uris[0]! })
  t.equal(location?.searchParams.get('error') ?? $('.facts code').text(), 'request_uri_not_supported')
})

t.test('takes pushed and other requests of a client that may push', async t => {
  const idp = await startIdp(t)
  const shop = await registerShop(idp, { pushed_authorization_requests: 'allowed' })
  const pushed = await push(idp, shop)
  t.equal(pushed.statusCode, 201)
  t.match(pushed.json(), { request_uri: /^urn:ietf:params:oauth:request_uri:/, expires_in: 60 })
  t.equal((await goOn(idp, shop, pushed.json().request_uri)).$('#password').length, 1)
  t.equal((await new Visitor(idp).open(idp.authorizationRequest(shop))).$('#password').length, 1)
})

t.test('gives one code for a pushed request, and goes by what was pushed', async t => {
  const idp = await startIdp(t)
  const shop = await registerShop(idp, { pushed_authorization_requests: 'allowed' })
  const requestUri = (await push(idp, shop)).json().request_uri
  const visitor = new Visitor(idp)
  const url = `/auth?${new URLSearchParams({
    client_id: 'shop', request_uri: requestUri, state: 'another-state', scope: 'openid email'
  })}`
  const { location } = await visitor.submit(await visitor.open(url), { username: 'alice', password: 'alice-lab' }, 'Sign in')
  t.equal(location?.searchParams.get('state'), 'pushed-state')
  const tokens = (await idp.redeem(shop, location!.searchParams.get('code')!)).json()
  t.equal(tokens.scope, 'openid')
  const again = await visitor.open(url)
  t.match(again.location?.searchParams.get('error') ?? again.$('.facts code').text(), 'invalid_request_uri')
})

t.test('demands it of a client that has to push', async t => {
  const idp = await startIdp(t)
  const shop = await registerShop(idp, { pushed_authorization_requests: 'required' })
  const { location } = await new Visitor(idp).open(idp.authorizationRequest(shop))
  t.match(Object.fromEntries(location!.searchParams), {
    error: 'invalid_request', error_description: /Pushed Authorization Request must be used/
  })
  t.equal((await goOn(idp, shop, (await push(idp, shop)).json().request_uri)).$('#password').length, 1)
})

t.test('announces it as soon as a client uses it, in that realm alone', async t => {
  const idp = await startIdp(t)
  const realm = await idp.realm('pushing')
  t.notOk('pushed_authorization_request_endpoint' in await discover(realm))
  const shop = await registerShop(realm, { pushed_authorization_requests: 'allowed' })
  t.equal((await discover(realm))['pushed_authorization_request_endpoint'], `${idp.config.issuer}/realms/pushing/request`)
  t.notOk('pushed_authorization_request_endpoint' in await discover(idp))
  t.equal((await goOn(realm, shop, (await push(realm, shop)).json().request_uri)).$('#password').length, 1, 'and it works there')
})
