import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { deviceCodeGrant } from '../../services/idp/clients.ts'
import { startIdp, Visitor, type Idp, type Tokens } from './helper.ts'

/** The endpoints of a flow, in order. */
async function stepsOf (idp: Idp, flow: string | undefined) {
  const { entries } = await idp.lab.ledger.query({ flow: flow ?? 'none' })
  return entries.map(({ from, endpoint, status }) => `${from}: ${endpoint} ${status}`)
}

/** A client's endpoint for logout tokens, on a port of its own. */
async function startLogoutEndpoint (t: Test, listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  t.teardown(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/backchannel-logout?from=idp`
}

/** Alice signs in to both clients in one browser, and signs out of everything. */
async function signInToBothAndOut (idp: Idp) {
  const visitor = new Visitor(idp)
  const { location } = await visitor.signIn('alice')
  const tokens: Tokens = (await idp.redeem(idp.relyingParty, location!.searchParams.get('code')!)).json()
  await visitor.signIn('alice', idp.genesys, { prompt: 'none' })
  await visitor.submit(await visitor.open(`/session/end?${new URLSearchParams({ id_token_hint: tokens.id_token })}`), {}, 'Sign out')
}

t.test('has the logout token that a client was sent, where it belongs in the sign-out', async t => {
  const idp = await startIdp(t)
  const uri = await startLogoutEndpoint(t, (_request, response) => { response.end() })
  await idp.lab.clients.patch('genesys-messenger', { backchannel_logout_uri: uri })
  await idp.lab.clients.patch('relying-party', { backchannel_logout_uri: `${uri}&to=another` })
  await signInToBothAndOut(idp)

  const [sent] = (await idp.lab.ledger.query({ endpoint: 'backchannel_logout', to: 'genesys-messenger' })).entries
  t.match(sent, {
    from: 'idp',
    to: 'genesys-messenger',
    client: 'genesys-messenger',
    user: 'alice',
    method: 'POST',
    path: '/backchannel-logout',
    status: 200,
    parameters: { logout_token: /^eyJ.{3}…\d+$/ }
  })
  t.same((await stepsOf(idp, sent!.flow)).slice(-4), [
    'browser: end_session 200', 'browser: end_session_confirm 303', 'idp: backchannel_logout 200', 'idp: backchannel_logout 200'
  ])
  const lastOfSession = (await idp.lab.ledger.query({ session: sent!.session! })).entries.slice(-2)
  t.same(lastOfSession.map(({ to }) => to).sort(), ['genesys-messenger', 'relying-party'])
  const [shown] = (await idp.lab.ledger.query({ endpoint: 'backchannel_logout', secrets: 'show' })).entries
  t.match(shown!.parameters['logout_token'], /^eyJ[\w.-]+$/)
})

t.test('says what a client answered to its logout token, and when it could not be reached', async t => {
  const idp = await startIdp(t)
  const uri = await startLogoutEndpoint(t, (_request, response) => { response.writeHead(400).end() })
  await idp.lab.clients.patch('genesys-messenger', { backchannel_logout_uri: uri })
  await idp.lab.clients.patch('relying-party', { backchannel_logout_uri: 'http://127.0.0.1:9/nobody-listens' })
  await signInToBothAndOut(idp)
  t.match((await idp.lab.ledger.query({ endpoint: 'backchannel_logout', to: 'genesys-messenger' })).entries, [{ status: 400 }])
  t.match((await idp.lab.ledger.query({ endpoint: 'backchannel_logout', to: 'relying-party' })).entries, [{ status: 0 }])
})

t.test('follows a pushed authorization request from the push', async t => {
  const idp = await startIdp(t)
  const client = idp.relyingParty
  await idp.lab.clients.patch(client.client_id, { pushed_authorization_requests: 'allowed' })
  const parameters = Object.fromEntries(new URLSearchParams(idp.authorizationRequest(client, { state: 'pushed' }).split('?')[1]))
  const { request_uri: requestUri } = (await idp.post('/request', client, parameters)).json()
  const visitor = new Visitor(idp)
  const page = await visitor.open(`/auth?${new URLSearchParams({ client_id: client.client_id, request_uri: requestUri })}`)
  const { location } = await visitor.submit(page, { username: 'alice', password: idp.config.users[0]!.password }, 'Sign in')
  await idp.redeem(client, location!.searchParams.get('code')!)

  const [pushed] = (await idp.lab.ledger.query({ state: 'pushed' })).entries
  t.same(await stepsOf(idp, pushed!.flow), [
    'relying-party: pushed_authorization_request 201',
    'browser: authorization 303',
    'browser: interaction 200',
    'browser: sign-in 303',
    'browser: resume 303',
    'relying-party: token 200'
  ])
})

t.test('follows a device and the browser in which somebody lets it in', async t => {
  const idp = await startIdp(t)
  const client = idp.relyingParty
  await idp.lab.clients.patch(client.client_id, { grant_types: ['authorization_code', 'refresh_token', deviceCodeGrant] })
  const device = (await idp.post('/device/auth', client, { client_id: client.client_id, scope: 'openid' })).json()
  const ask = () => idp.post('/token', client, { grant_type: deviceCodeGrant, device_code: device.device_code })
  await ask()
  const visitor = new Visitor(idp)
  let page = await visitor.submit(await visitor.open('/device'), { user_code: device.user_code }, 'Continue')
  page = await visitor.submit(page, {}, 'Sign in and connect')
  await visitor.submit(page, { username: 'alice', password: idp.config.users[0]!.password }, 'Sign in')
  const tokens: Tokens = (await ask()).json()
  await idp.userinfo(tokens.access_token)

  const { entries } = await idp.lab.ledger.query()
  t.same(await stepsOf(idp, entries[0]!.flow), [
    'relying-party: device_authorization 200',
    'relying-party: token 400',
    'browser: code_verification 200',
    'browser: code_verification 303',
    'browser: interaction 200',
    'browser: sign-in 303',
    'browser: device_resume 200',
    'relying-party: token 200',
    'relying-party: userinfo 200'
  ])
  const everything = JSON.stringify(await idp.lab.ledger.query())
  t.notMatch(everything, device.device_code)
  t.notMatch(everything, device.user_code)
})
