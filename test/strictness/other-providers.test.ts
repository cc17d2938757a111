import t, { type Test } from 'tap'
import { probes } from '../../scripts/strictness/probes.ts'
import type { Identity } from '../../scripts/strictness/provider-under-test.ts'
import type { Row } from '../../scripts/strictness/run.ts'
import { freePorts } from '../helpers/lab.ts'
import { probe, registered, startBareProvider, startCarelessProvider, startMockServer } from './providers.ts'

/** The compared rows, with what oauth2-mock-server 9.3.0 and bare oidc-provider 9.13.3 do. */
const compared: [string, Row['verdict'], Row['verdict']][] = [
  ['unregistered redirect_uri refused', 'no', 'yes'],
  ['unknown client_id refused', 'no', 'yes'],
  ['wrong client secret refused', 'no', 'yes'],
  ['token call without code_verifier refused', 'no', 'yes'],
  ['wrong code_verifier refused', 'yes', 'yes'],
  ['redirect_uri mismatch at the token endpoint refused', 'no', 'yes'],
  ['code replay refused', 'yes', 'yes'],
  ['prompt=none without a session: login_required', 'no', 'yes'],
  ['userinfo with a garbage token: 401 and a challenge', 'no', 'yes'],
  ['nonce echoed in the ID token', 'yes', 'yes'],
  ['iss in the authorization response', 'no', 'yes'],
  ['request without PKCE refused by default', 'no', 'no'],
  ['ID token has at_hash', 'no', 'no'],
  ['ID token has sid', 'no', 'no'],
  ['standard scope profile accepted', 'yes', 'yes']
]

t.test('puts the compared rows first, and each probe says what it sends and where the answer is specified', async t => {
  t.same(probes.filter(probe => probe.compared).map(({ name }) => name), compared.map(([name]) => name))
  t.same(probes.slice(0, compared.length).map(({ name }) => name), compared.map(([name]) => name))
  t.equal(new Set(probes.map(({ name }) => name)).size, probes.length, 'no name twice')
  for (const { name, sends, demand, specification } of probes) {
    t.ok(sends && demand, name)
    t.match(specification, /^https:\/\/(www\.rfc-editor\.org\/rfc\/rfc\d+#section-|openid\.net\/specs\/.+#)/, name)
  }
})

t.test('says of oauth2-mock-server what it lets pass', async t => {
  const rows = await probe(await startMockServer(t))
  for (const [name, verdict] of compared) t.equal(rows.get(name)?.verdict, verdict, name)
  t.equal(rows.get('unregistered redirect_uri refused')?.seen, 'redirect with a code')
  t.equal(rows.get('prompt=none without a session: login_required')?.seen, 'code issued')
  t.equal(rows.get('userinfo with a garbage token: 401 and a challenge')?.seen, '200, no challenge')
  t.equal(rows.get('sign-in page not to be framed')?.verdict, 'not applicable', 'it signs in by itself')
})

t.test('says of bare oidc-provider what is off by default', async t => {
  const rows = await probe(await startBareProvider(t))
  for (const [name, , verdict] of compared) t.equal(rows.get(name)?.verdict, verdict, name)
  t.equal(rows.get('request without PKCE refused by default')?.seen, 'code issued')
  t.equal(rows.get('request without redirect_uri refused')?.verdict, 'no')
})

t.test('says yes to oidc-provider where that is configured to require PKCE', async t => {
  const configuration = { pkce: { required: () => true }, allowOmittingSingleRegisteredRedirectUri: false }
  const rows = await probe(await startBareProvider(t, configuration))
  t.match(rows.get('request without PKCE refused by default'), { verdict: 'yes', seen: 'redirect with invalid_request' })
  t.equal(rows.get('request without redirect_uri refused')?.verdict, 'yes')
})

t.test('says of what it cannot see that it is not applicable', async t => {
  const rows = await probe(await startMockServer(t), { clientSecret: undefined, second: undefined })
  const of = (name: string) => ({ verdict: rows.get(name)?.verdict, seen: rows.get(name)?.seen })
  const verdict = 'not applicable'
  t.same(of('wrong client secret refused'), { verdict, seen: 'public client, no --client-secret' })
  t.same(of('wrong client secret: 401, invalid_client and a challenge'), { verdict, seen: 'public client, no --client-secret' })
  t.same(of('code of another client refused'), { verdict, seen: 'no --second-client-id' })
  t.same(of('sign-in page not to be framed'), { verdict, seen: 'no sign-in page' })
})

t.test('authenticates in the form where the provider takes no header, and needs a second client that is known', async t => {
  const url = await startBareProvider(t, {
    clientAuthMethods: ['client_secret_post'],
    clients: [{ ...registered, token_endpoint_auth_method: 'client_secret_post' }]
  })
  const rows = await probe(url)
  const wrongSecret = rows.get('wrong client secret: 401, invalid_client and a challenge')
  t.match(wrongSecret, { verdict: 'yes', seen: '401 invalid_client, no challenge' })
  t.match(rows.get('code of another client refused'), { verdict: 'not applicable', seen: 'the second client itself is refused' })
})

t.test('says no in every row of a provider that gets everything wrong', async t => {
  const rows = await probe(await startCarelessProvider(t))
  for (const { name } of probes) t.equal(rows.get(name)?.verdict, 'no', `${name}: ${rows.get(name)?.seen}`)
})

t.test('counts an answer of another issuer, another state or another session as wrong', async t => {
  const rows = await probe(await startMockServer(t, ({ service }) => {
    service.on('beforeAuthorizeRedirect', ({ url }: { url: URL }) => {
      url.searchParams.set('iss', 'https://other.example')
      url.searchParams.append('state', 'another')
    })
    service.on('beforeTokenSigning', ({ payload }: { payload: Record<string, unknown> }) => {
      Object.assign(payload, { at_hash: 'wrong', sid: '' })
    })
    return service.requestHandler
  }))
  t.match(rows.get('iss in the authorization response'), { verdict: 'no', seen: 'success: iss is https://other.example' })
  t.equal(rows.get('state returned with success and with an error')?.verdict, 'no')
  t.match(rows.get('ID token has at_hash'), { verdict: 'no', seen: 'a wrong at_hash' })
  t.equal(rows.get('ID token has sid')?.verdict, 'no')
})

t.test('does not take it for a refusal when a provider breaks, or has had enough of requests', async t => {
  for (const status of [500, 429]) {
    const rows = await probe(await startMockServer(t, ({ service }) => (request, response) => {
      const isWrong = request.url?.includes('unregistered.example')
      return isWrong ? response.writeHead(status).end() : service.requestHandler(request, response)
    }))
    t.match(rows.get('unregistered redirect_uri refused'), { verdict: 'no', seen: `breaks with ${status}` })
  }
})

t.test('says that a probe could not be tried, and does not count it as passed', async t => {
  let signIns = 0
  const rows = await probe(await startMockServer(t, ({ service }) => (request, response) => {
    const isBroken = request.url?.startsWith('/authorize') && signIns++ > 0
    return isBroken ? response.destroy() : service.requestHandler(request, response)
  }))
  const { verdict, seen } = rows.get('code replay refused')!
  t.equal(verdict, 'no')
  t.match(seen, 'could not be tried: fetch failed')
})

function startUnderAnotherName (t: Test): Promise<string> {
  return startMockServer(t, ({ issuer, service }) => {
    issuer.url = 'https://other.example'
    return service.requestHandler
  })
}

const startNothing = async () => `http://localhost:${(await freePorts()).IDP_PORT}`

const unprobeable: [string, (t: Test) => Promise<string>, Partial<Identity>, RegExp][] = [
  ['a client that it does not know', startBareProvider, { clientId: 'nobody' }, /even what is right.*on a page, status 400/],
  ['a wrong client secret', startBareProvider, { clientSecret: 'not-of-this-client' }, /even what is right.*401 invalid_client/],
  ['another issuer than its metadata names', startUnderAnotherName, {}, /its metadata names https:\/\/other\.example as/],
  ['an address where nothing answers', startNothing, {}, /is no OpenID Provider that can be reached: .*ECONNREFUSED/]
]
for (const [label, start, changes, message] of unprobeable) {
  t.test(`does not probe a provider by ${label}, as its refusals would prove nothing`, async t => {
    await t.rejects(probe(await start(t), changes), { name: 'NotProbeableError', message })
  })
}
