import { EventEmitter } from 'node:events'
import type { JWK } from 'jose'
import type { KoaContextWithOIDC } from 'oidc-provider'
import t, { type Test } from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { deviceCodeGrant } from '../../../services/idp/clients/registered-clients.ts'
import { waitUnlessGone } from '../../../services/idp/faults/broken-answers.ts'
import { catalogue } from '../../../services/idp/faults/catalogue.ts'
import { credentialsOf, postForm, registerShop, type ClientChanges } from '../provider/helper.ts'
import type { Page } from '../../helpers/browser.ts'
import { codeVerifier, startIdp, Visitor, type Idp } from '../helper.ts'
import { jwksOf, proveGroup, SignedIn, stopTheClock, withChanges } from './helper.ts'

const idp = await startIdp(t)
const address = await idp.app.listen({ host: '127.0.0.1', port: 0 })

type Answer = Awaited<ReturnType<Idp['get']>>
type ProveDiscovery = (t: Test, faulty: Answer, clean: Answer, tookMs: number) => void

const discovery = '/.well-known/openid-configuration'

const differsIn = (changes: Record<string, unknown>): ProveDiscovery => (t, faulty, clean) => {
  t.equal(faulty.statusCode, 200)
  t.equal(faulty.headers['content-type'], clean.headers['content-type'])
  t.same(faulty.json(), withChanges(clean.json(), changes))
}

const discoveryRows: Record<string, ProveDiscovery> = {
  'discovery-issuer-mismatch': differsIn({ issuer: 'https://elsewhere.example.com' }),
  'discovery-missing-field': differsIn({ jwks_uri: undefined }),
  'discovery-html': (t, { statusCode, headers, body }) => {
    t.equal(statusCode, 200)
    t.equal(headers['content-type'], 'text/html; charset=utf-8')
    t.match(body, /^<!doctype html>/)
  },
  'discovery-server-error': (t, { statusCode, headers, body }) => {
    t.equal(statusCode, 500)
    t.match(headers['content-type'], 'text/plain')
    t.equal(body, 'Internal Server Error\n')
  },
  'discovery-slow': (t, faulty, clean, tookMs) => {
    t.same(faulty.json(), clean.json())
    t.ok(tookMs > 190, 'as late as is asked for')
  }
}

proveGroup(t, idp, 'discovery', discoveryRows, async (t, realm, fault, prove) => {
  const { lab } = realm
  const clean = await realm.get(discovery)
  const parameters = fault === 'discovery-slow' ? { delaySeconds: 0.2 } : {}
  await lab.faults.switchOn(fault, { count: 1, parameters })

  const start = performance.now()
  const faulty = await realm.get(discovery)
  prove(t, faulty, clean, performance.now() - start)
  t.equal(faulty.headers['content-length'], String(Buffer.byteLength(faulty.body)), 'content-length is right')
  t.same((await realm.get(discovery)).json(), clean.json(), 'the next one is as it was')
})

t.test('leaves out the field that is asked for', async t => {
  const realm = await idp.newRealm()
  const clean = (await realm.get(discovery)).json()
  for (const field of ['issuer', 'token_endpoint', 'response_types_supported']) {
    await realm.lab.faults.switchOn('discovery-missing-field', { parameters: { field } })
    t.same((await realm.get(discovery)).json(), withChanges(clean, { [field]: undefined }), field)
  }
})

const errors = [
  'invalid_request', 'unauthorized_client', 'access_denied', 'unsupported_response_type', 'invalid_scope', 'server_error',
  'temporarily_unavailable', 'interaction_required', 'login_required', 'account_selection_required', 'consent_required',
  'invalid_request_uri', 'invalid_request_object', 'request_not_supported', 'request_uri_not_supported',
  'registration_not_supported'
]

/** What differs in the response. */
const authorizationRows: Record<string, Record<string, string | undefined>> = {
  'authorization-response-invalid-iss': { iss: 'https://elsewhere.example.com' },
  'authorization-response-missing-iss': { iss: undefined },
  'authorization-response-invalid-state': { state: 'state-of-another-request' },
  'authorization-response-missing-state': { state: undefined },
  ...Object.fromEntries(errors.map(error => {
    const fault = `authorization-error-${error.replaceAll('_', '-')}`
    return [fault, { code: undefined, error, error_description: `the fault ${fault} is switched on` }]
  }))
}

/** The code is another one each time. */
const comparable = (response: Iterable<[string, string]>) => {
  const { code, ...others } = Object.fromEntries(response)
  return { ...others, ...(code !== undefined && { code: 'a code' }) }
}

proveGroup(t, idp, 'authorization-response', authorizationRows, async (t, realm, fault, changes) => {
  const { lab } = realm
  const alice = await SignedIn.as(realm)
  const clean = comparable(await alice.authorize())
  t.same(clean, { code: 'a code', state: 'the-state', iss: realm.issuer })

  for (const responseMode of ['query', 'fragment', 'form_post']) {
    await lab.faults.switchOn(fault, { count: 1 })
    const page = await alice.visitor.open(realm.authorizationRequest(realm.relyingParty, { response_mode: responseMode }))
    t.same(comparable(responseIn(page, responseMode)), withChanges(clean, changes), responseMode)
    t.equal(page.status, responseMode !== 'form_post' ? 303 : 'error' in changes ? 400 : 200)
  }

  t.same(comparable(await alice.authorize()), clean, 'the next one is as it was')
})

function responseIn ({ location, $ }: Page, responseMode: string): Iterable<[string, string]> {
  if (responseMode === 'query') return location!.searchParams
  if (responseMode === 'fragment') return new URLSearchParams(location!.hash.slice(1))
  return $('input').toArray().map((input): [string, string] => [$(input).attr('name')!, $(input).attr('value')!])
}

t.test('gives a code that is good in a response that is not', async t => {
  const realm = await idp.newRealm()
  const { lab } = realm
  const alice = await SignedIn.as(realm)
  for (const { name } of catalogue.filter(({ name }) => name.startsWith('authorization-response-'))) {
    await lab.faults.switchOn(name, { count: 1 })
    t.equal((await alice.redeem()).statusCode, 200, name)
  }
})

t.test('answers with an error only where there would be a code: after sign-in', async t => {
  const realm = await idp.newRealm()
  const { lab } = realm
  await lab.faults.switchOn('authorization-error-access-denied', { count: 1 })
  const visitor = new Visitor(realm)
  t.equal((await visitor.open(realm.authorizationRequest(realm.relyingParty))).$('#password').length, 1, 'the sign-in page')
  t.equal((await lab.faults.active()).length, 1, 'still on')
  const { location } = await visitor.signIn('alice')
  t.equal(location!.searchParams.get('error'), 'access_denied')
  t.same(await lab.faults.active(), [])
  t.ok((await visitor.signIn('alice')).location!.searchParams.has('code'), 'she is signed in, and the next request gets its code')
})

t.test('refuses a bad request for what is bad about it', async t => {
  const realm = await idp.newRealm()
  const { lab } = realm
  const alice = await SignedIn.as(realm)
  await lab.faults.switchOn('authorization-error-temporarily-unavailable', { count: 1 })
  t.equal((await alice.authorize(realm.relyingParty, { code_challenge: undefined })).get('error'), 'invalid_request')
  t.equal((await lab.faults.active()).length, 1, 'still on')
})

type TokenEndpointRow = { parameters?: Record<string, unknown>, used: boolean, prove: (t: Test, answer: Answer, tookMs: number) => void }

const members = ['access_token', 'expires_in', 'id_token', 'refresh_token', 'scope', 'token_type']

const tokenEndpointRows: Record<string, TokenEndpointRow | 'on a socket'> = {
  'token-endpoint-server-error': {
    used: false,
    prove: (t, { statusCode, headers, body }) => {
      t.equal(statusCode, 500)
      t.match(headers['content-type'], 'text/plain')
      t.equal(body, 'Internal Server Error\n')
    }
  },
  'token-endpoint-too-many-requests': {
    parameters: { retryAfterSeconds: 17 },
    used: false,
    prove: (t, { statusCode, headers, body }) => {
      t.equal(statusCode, 429)
      t.equal(headers['retry-after'], '17')
      t.equal(body, 'Too Many Requests\n')
    }
  },
  'token-endpoint-timeout': 'on a socket',
  'token-endpoint-invalid-grant': {
    used: false,
    prove: (t, answer) => {
      t.equal(answer.statusCode, 400)
      t.match(answer.headers['content-type'], 'application/json')
      t.equal(answer.json().error, 'invalid_grant')
    }
  },
  'token-endpoint-truncated-json': {
    used: true,
    prove: (t, { statusCode, headers, body }) => {
      t.equal(statusCode, 200)
      t.match(headers['content-type'], 'application/json')
      t.match(body, /^\{"access_token":"/)
      t.throws(() => JSON.parse(body), 'it breaks off')
    }
  },
  'token-endpoint-wrong-content-type': {
    used: true,
    prove: (t, answer) => {
      t.equal(answer.statusCode, 200)
      t.equal(answer.headers['content-type'], 'text/html; charset=utf-8')
      t.same(Object.keys(JSON.parse(answer.body)).sort(), members)
    }
  },
  'token-endpoint-slow': {
    parameters: { delaySeconds: 0.2 },
    used: true,
    prove: (t, answer, tookMs) => {
      t.match(answer.headers['content-type'], 'application/json')
      t.same(Object.keys(answer.json()).sort(), members)
      t.ok(tookMs > 190, 'as late as is asked for')
    }
  }
}

proveGroup(t, idp, 'token-endpoint', tokenEndpointRows, async (t, realm, fault, row) => {
  if (row === 'on a socket') return await hangUpOn(t, realm, fault)
  const { lab } = realm
  const alice = await SignedIn.as(realm)
  await lab.faults.switchOn(fault, { count: 1, parameters: row.parameters ?? {} })

  const code = (await alice.authorize()).get('code')!
  const start = performance.now()
  const answer = await realm.redeem(realm.relyingParty, code)
  row.prove(t, answer, performance.now() - start)
  t.equal(answer.headers['content-length'], String(Buffer.byteLength(answer.body)), 'content-length is right')
  t.match(answer.headers['cache-control'], 'no-store')

  const again = await realm.redeem(realm.relyingParty, code)
  t.equal(again.statusCode, row.used ? 400 : 200, row.used ? 'the code is used' : 'the code can still be used')
  t.equal((await alice.redeem()).statusCode, 200, 'another one is good')
})

/** No answer until the time is over, and then none either. */
async function hangUpOn (t: Test, realm: Idp, fault: string) {
  const url = `${address}${realm.base}/token`
  const code = (await (await SignedIn.as(realm)).authorize()).get('code')!
  const redeem = (signal?: AbortSignal) => fetch(url, {
    method: 'POST',
    ...(signal && { signal }),
    headers: { authorization: `Basic ${btoa(`relying-party:${realm.relyingParty.client_secret}`)}` },
    body: new URLSearchParams({
      grant_type: 'authorization_code', code, redirect_uri: realm.relyingParty.redirect_uris[0]!, code_verifier: codeVerifier
    })
  })

  await realm.lab.faults.switchOn(fault, { count: 2, parameters: { seconds: 0.3 } })
  const start = performance.now()
  await t.rejects(redeem(), { cause: { code: 'UND_ERR_SOCKET' } }, 'the connection ends without an answer')
  t.ok(performance.now() - start > 290, 'when the time is over')
  await t.rejects(redeem(AbortSignal.timeout(100)), { name: 'TimeoutError' }, 'a client may give up before')
  t.equal((await redeem()).status, 200, 'the code can still be used')
}

t.test('applies to a refresh too, and leaves the refresh token unused', async t => {
  const realm = await idp.newRealm()
  const { lab } = realm
  const { refresh_token: refreshToken } = await (await SignedIn.as(realm)).tokens(realm.relyingParty, realm.offline)
  for (const [fault, status] of Object.entries({ 'token-endpoint-server-error': 500, 'token-endpoint-invalid-grant': 400 })) {
    await lab.faults.switchOn(fault, { count: 1 })
    t.equal((await realm.refresh(realm.relyingParty, refreshToken!)).statusCode, status)
  }
  t.equal((await realm.refresh(realm.relyingParty, refreshToken!)).statusCode, 200)
})

t.test('refuses a bad request for what is bad about it, and is not used up by it', async t => {
  const realm = await idp.newRealm()
  const { lab } = realm
  const code = (await (await SignedIn.as(realm)).authorize()).get('code')!
  await lab.faults.switchOn('token-endpoint-server-error', { count: 1 })
  t.equal((await realm.redeem(realm.relyingParty, code, { code_verifier: 'x'.repeat(50) })).json().error, 'invalid_grant')
  t.equal((await realm.redeem({ ...idp.relyingParty, client_secret: 'wrong' }, code)).json().error, 'invalid_client')
  t.equal((await realm.redeem(realm.relyingParty, code)).statusCode, 500)
})

t.test('applies to a device too, and leaves its code unused', async t => {
  const realm = await idp.newRealm()
  const { lab } = realm
  const fields = { grant_types: [deviceCodeGrant], redirect_uris: [], post_logout_redirect_uris: [] } satisfies ClientChanges
  const credentials = credentialsOf(await registerShop(realm, fields, 'television'))
  const asked = (await postForm(realm, '/device/auth', { ...credentials, scope: 'openid' })).json()
  const { visitor } = await SignedIn.as(realm)
  await visitor.submit(await visitor.submit(await visitor.open('/device'), { user_code: asked.user_code }, 'Continue'), {}, 'Connect')

  const poll = () => postForm(realm, '/token', { ...credentials, grant_type: deviceCodeGrant, device_code: asked.device_code })
  await lab.faults.switchOn('token-endpoint-server-error', { count: 1, client_id: 'television', username: 'alice' })
  t.same([(await poll()).statusCode, (await poll()).statusCode], [500, 200])
})

t.test('does not wait for a client that has hung up', async t => {
  const res = new EventEmitter()
  const waiting = waitUnlessGone({ res } as unknown as KoaContextWithOIDC, 300)
  res.emit('close')
  await t.resolves(waiting)
})

type ProveJwks = (t: Test, realm: Idp, fault: string) => Promise<unknown>

const whenFetched = (prove: (t: Test, answer: Answer, clean: { keys: JWK[] }) => void): ProveJwks =>
  async (t, realm, fault) => {
    const clean = await jwksOf(realm)
    await realm.lab.faults.switchOn(fault, { count: 1 })
    prove(t, await realm.get('/jwks'), clean)
    t.same(await jwksOf(realm), clean, 'the next one is as it was')
  }

const jwksRows: Record<string, ProveJwks> = {
  'jwks-empty': whenFetched((t, answer) => {
    t.equal(answer.statusCode, 200)
    t.match(answer.headers['content-type'], 'application/jwk-set+json')
    t.same(answer.json(), { keys: [] })
  }),
  'jwks-unparsable-key': whenFetched((t, answer, clean) => {
    t.match(answer.headers['content-type'], 'application/jwk-set+json')
    const { keys } = answer.json() as { keys: JWK[] }
    t.same(keys.slice(3), clean.keys, 'the good keys come last')
    t.match(keys.slice(0, 3), [{ kty: 'lab' }, { kty: 'AKP', alg: 'ML-DSA-9999' }, { kty: 'RSA', e: 'AQAB' }])
    t.notOk('n' in keys[2]!, 'an RSA key without a modulus')
    t.equal(new Set(keys.map(({ kid }) => kid)).size, keys.length, 'each has a kid of its own')
  }),
  'jwks-server-error': whenFetched((t, { statusCode, headers, body }) => {
    t.equal(statusCode, 500)
    t.match(headers['content-type'], 'text/plain')
    t.equal(body, 'Internal Server Error\n')
  }),
  'jwks-unreachable': async (t, realm, fault) => {
    const url = `${address}${realm.base}/jwks`
    await realm.lab.faults.switchOn(fault)
    await t.rejects(fetch(url), { cause: { code: 'UND_ERR_SOCKET' } }, 'the connection ends without an answer')
    await realm.lab.faults.switchOff(fault)
    t.equal((await fetch(url)).status, 200, 'and then there is an answer again')
  },
  'jwks-slow': async (t, realm, fault) => {
    const clean = await jwksOf(realm)
    await realm.lab.faults.switchOn(fault, { count: 1, parameters: { delaySeconds: 0.2 } })
    const start = performance.now()
    t.same(await jwksOf(realm), clean)
    t.ok(performance.now() - start > 190, 'as late as is asked for')
  },
  'jwks-rotated-before-signing': async (t, realm, fault) => {
    stopTheClock(t)
    const alice = await SignedIn.as(realm)
    const clean = await alice.claims()
    const before = await jwksOf(realm)
    await realm.lab.faults.switchOn(fault, { count: 1 })
    const token = await alice.claims()
    const { keys } = await jwksOf(realm)
    t.not(token.header['kid'], clean.header['kid'], 'signed with a new key')
    t.same(token.payload, clean.payload)
    t.same(keys.map(({ kid }) => kid).sort(), [token.header['kid'], before.keys[0]!.kid].sort(), 'both are published')
    t.same(await alice.claims(), token, 'and so is the next one: no other rotation')
  },
  'jwks-rotated-between-sign-ins': async (t, realm, fault) => {
    stopTheClock(t)
    const alice = await SignedIn.as(realm)
    const clean = await alice.claims()
    await realm.lab.faults.switchOn(fault, { count: 1 })
    t.same(await alice.claims(), clean, 'this one is as it was')
    const next = await alice.claims()
    t.not(next.header['kid'], clean.header['kid'], 'the next one is signed with a new key')
    t.same((await jwksOf(realm)).keys.map(({ kid }) => kid).sort(), [clean.header['kid'], next.header['kid']].sort())
  }
}

proveGroup(t, idp, 'jwks', jwksRows, (t, realm, fault, prove) => prove(t, realm, fault))

const userinfoRows: Record<string, (t: Test, faulty: Answer, clean: Answer, issuer: string) => void> = {
  'userinfo-invalid-sub': (t, faulty, clean) => {
    t.equal(faulty.statusCode, 200)
    t.equal(faulty.headers['content-type'], clean.headers['content-type'])
    t.same(faulty.json(), withChanges(clean.json(), { sub: 'another-user' }))
  },
  'userinfo-unauthorized': (t, faulty, _clean, issuer) => {
    t.equal(faulty.statusCode, 401)
    t.equal(faulty.headers['www-authenticate'], `Bearer realm="${issuer}", error="invalid_token"`)
    t.equal(faulty.json().error, 'invalid_token')
  },
  'userinfo-not-json': (t, faulty) => {
    t.equal(faulty.statusCode, 200)
    t.equal(faulty.headers['content-type'], 'text/html; charset=utf-8')
    t.match(faulty.body, /^<!doctype html>/)
  }
}

proveGroup(t, idp, 'userinfo', userinfoRows, async (t, realm, fault, prove) => {
  const { lab } = realm
  const { access_token: accessToken } = await (await SignedIn.as(realm)).tokens()
  const clean = await realm.userinfo(accessToken)
  await lab.faults.switchOn(fault, { count: 1 })

  const refused = (await realm.userinfo('no-such-token')).json()
  t.equal(refused.error_description, 'invalid token provided', 'a bad request is refused as ever')
  prove(t, await realm.userinfo(accessToken), clean, realm.issuer)
  t.same((await realm.userinfo(accessToken)).json(), clean.json(), 'the next one is as it was')
})

const home = 'http://app.localhost:3000/'

async function endSession ({ visitor }: SignedIn, idToken: string, state = 'the-state') {
  const page = await visitor.open(`/session/end?${new URLSearchParams({
    id_token_hint: idToken, post_logout_redirect_uri: home, ...(state && { state })
  })}`)
  // Of an ID token of an earlier session the person is asked.
  return page.$('button').length > 0 ? await visitor.submit(page, {}, 'Sign out') : page
}

const wayBack = (url: string) => async (t: Test, realm: Idp, fault: string) => {
  const alice = await SignedIn.as(realm)
  const idToken = await alice.idToken()
  await realm.lab.faults.switchOn(fault, { count: 1 })

  const { location, status } = await endSession(alice, idToken)
  t.equal(status, 303)
  t.equal(location?.href, url)
  t.equal(await alice.visitor.isKnown(), false, 'she is signed out')

  await alice.visitor.signIn('alice')
  t.equal((await endSession(alice, idToken)).location?.href, `${home}?state=the-state`, 'the next one is as it was')
}

const endSessionRows: Record<string, (t: Test, realm: Idp, fault: string) => Promise<void>> = {
  'end-session-missing-state': wayBack(home),
  'end-session-invalid-state': wayBack(`${home}?state=state-of-another-request`),
  'end-session-server-error': async (t, realm, fault) => {
    const alice = await SignedIn.as(realm)
    const idToken = await alice.idToken()
    await realm.lab.faults.switchOn(fault, { count: 1 })
    const { status, headers, text } = await endSession(alice, idToken)
    t.equal(status, 500)
    t.match(headers.get('content-type'), 'text/plain')
    t.equal(text, 'Internal Server Error\n')
    t.equal(await alice.visitor.isKnown(), true, 'she is still signed in')
    t.equal((await endSession(alice, idToken)).location?.href, `${home}?state=the-state`, 'the next one is as it was')
  }
}

proveGroup(t, idp, 'end-session', endSessionRows, (t, realm, fault, prove) => prove(t, realm, fault))

t.test('does not count a sign-out without a state as one whose state was spoilt', async t => {
  const realm = await idp.newRealm()
  const { lab } = realm
  const alice = await SignedIn.as(realm)
  const idToken = await alice.idToken()
  await lab.faults.switchOn('end-session-invalid-state', { count: 1 })
  t.equal((await endSession(alice, idToken, '')).location?.href, home)
  t.equal((await lab.faults.active()).length, 1, 'still on')
})
