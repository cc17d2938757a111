import t, { type Test } from 'tap'
import { catalogue } from '../../../services/idp/faults/catalogue.ts'
import type { Fault } from '../../../services/idp/faults/fault.ts'
import { freePorts } from '../../helpers/lab.ts'
import { startFaultyIdp, type FaultyIdp } from './helper.ts'
import { reasonOf, RelyingParty } from './openid-client.ts'

/** Why `openid-client` refuses, or why it goes on: since that is right, or for it leaves the check to whoever uses it. */
type Row = RegExp | 'goes on' | { leaves: string }

const noKey = /no applicable keys found/
const notRegistered = /unexpected JWT "alg" header parameter/

const rows: Record<string, Row> = {
  'discovery-issuer-mismatch': /discovered metadata issuer does not match the expected issuer/,
  'discovery-missing-field': /"as.jwks_uri"/,
  'discovery-html': /unexpected response content-type/,
  'discovery-server-error': /unexpected HTTP response status code/,
  'discovery-slow': 'goes on',
  'authorization-response-invalid-iss': /unexpected "iss" \(issuer\) response parameter value/,
  'authorization-response-missing-iss': /response parameter "iss" \(issuer\) missing/,
  'authorization-response-invalid-state': /unexpected "state" response parameter value/,
  'authorization-response-missing-state': /response parameter "state" missing/,
  ...Object.fromEntries(catalogue.filter(({ name }) => name.startsWith('authorization-error-')).map(({ name }) =>
    [name, new RegExp(`authorization response from the server is an error; ${name.slice(20).replaceAll('-', '_')}$`)])),
  'token-endpoint-server-error': /unexpected HTTP response status code/,
  'token-endpoint-too-many-requests': /unexpected response content-type/,
  'token-endpoint-timeout': /fetch failed/,
  'token-endpoint-invalid-grant': /server responded with an error in the response body; invalid_grant/,
  'token-endpoint-truncated-json': /failed to parse "response" body as JSON/,
  'token-endpoint-wrong-content-type': { leaves: 'it looks at the content type only where the body is no JSON' },
  'token-endpoint-slow': 'goes on',
  'id-token-invalid-iss': /unexpected JWT "iss" \(issuer\) claim value/,
  'id-token-invalid-aud': /unexpected JWT "aud" \(audience\) claim value/,
  'id-token-missing-aud': /JWT "aud" \(audience\) claim missing/,
  'id-token-additional-aud': /includes additional untrusted audiences/,
  'id-token-invalid-azp': { leaves: 'it looks at azp only where there are several audiences; step 5 is a SHOULD' },
  'id-token-invalid-nonce': /unexpected ID Token "nonce" claim value/,
  'id-token-missing-nonce': /JWT "nonce" \(nonce\) claim missing/,
  'id-token-missing-sub': /JWT "sub" \(subject\) claim missing/,
  'id-token-missing-iat': /JWT "iat" \(issued at\) claim missing/,
  'id-token-expired': /unexpected JWT "exp" \(expiration time\) claim value/,
  'id-token-not-yet-valid': /unexpected JWT "nbf" \(not before\) claim value/,
  'id-token-alg-none': notRegistered,
  'id-token-invalid-signature': /JWT signature verification failed/,
  'id-token-invalid-signature-es256': notRegistered,
  'id-token-invalid-signature-hs256': notRegistered,
  'id-token-hs256-with-public-key': notRegistered,
  'id-token-wrong-key': /JWT signature verification failed/,
  'id-token-unknown-kid': noKey,
  'id-token-no-kid-single-key': 'goes on',
  'id-token-no-kid-several-keys': /multiple applicable keys found/,
  'jwks-empty': noKey,
  'jwks-unparsable-key': 'goes on',
  'jwks-server-error': /unexpected HTTP response status code/,
  'jwks-unreachable': /fetch failed/,
  'jwks-slow': 'goes on',
  'jwks-rotated-before-signing': 'goes on',
  'jwks-rotated-between-sign-ins': 'goes on',
  'userinfo-invalid-sub': /unexpected "response" body "sub" property value/,
  'userinfo-unauthorized': /server responded with a challenge in the WWW-Authenticate HTTP Header/,
  'userinfo-not-json': /unexpected response content-type/,
  'refresh-invalid-iss': /unexpected JWT "iss" \(issuer\) claim value/,
  'refresh-invalid-aud': /unexpected JWT "aud" \(audience\) claim value/,
  'refresh-invalid-sub': { leaves: 'it keeps no session, so it cannot know who had signed in' },
  'refresh-invalid-azp': { leaves: 'it keeps no session, so it cannot know that there was no azp' }
}

/** Shorter than by default, as nothing depends on how long it takes. */
const parameters: Record<string, Record<string, unknown>> = {
  'discovery-slow': { delaySeconds: 0.1 },
  'jwks-slow': { delaySeconds: 0.1 },
  'token-endpoint-slow': { delaySeconds: 0.1 },
  'token-endpoint-timeout': { seconds: 0.1 }
}

/** Logout tokens and the way back from a sign-out are nothing that `openid-client` reads: see the tests of those groups. */
const unread = new Set<Fault['group']>(['logout-token', 'end-session'])

async function startOnSocket (t: Test): Promise<FaultyIdp> {
  const faulty = await startFaultyIdp(t, await freePorts())
  const { host, port } = faulty.idp.config
  await faulty.idp.app.listen({ host, port })
  return faulty
}

t.test('there is a relying party that does what it must, for every fault that one can meet on the way', async t => {
  const met = catalogue.filter(({ group }) => !unread.has(group))
  t.same(Object.keys(rows).sort(), met.map(({ name }) => name).sort(), 'every one of these faults is in the table')
  const faulty = await startOnSocket(t)

  for (const { name, group, outcome, title, mustDo } of met) {
    const expected = rows[name]!
    await t.test(`${title}: ${name}`, async t => {
      const relyingParty = () => new RelyingParty(faulty)
      const act = async (party: RelyingParty) => { await (group === 'refresh' ? party.refresh() : party.signIn()) }
      await faulty.lab.faults.switchOn(name, { count: 1, parameters: parameters[name] ?? {} })
      const reason = await act(relyingParty()).then(() => 'goes on', reasonOf)
      t.same(await faulty.lab.faults.active(), [], 'the fault was applied')

      if (expected instanceof RegExp) {
        t.match(reason, expected, mustDo)
        t.not(outcome, 'succeed', 'as the catalogue says')
      } else {
        t.equal(reason, 'goes on')
        if (expected === 'goes on') t.equal(outcome, 'succeed', 'as the catalogue says')
        else t.comment(`openid-client leaves this to whoever uses it: ${expected.leaves}`)
      }
      await faulty.lab.keys.reset()
      await t.resolves(act(relyingParty()), 'the next time is good')
    })
  }
})

t.test('a relying party that has the JWK set from before finds the new key', async t => {
  for (const fault of ['jwks-rotated-before-signing', 'jwks-rotated-between-sign-ins']) {
    const faulty = await startOnSocket(t)
    const relyingParty = new RelyingParty(faulty)
    await relyingParty.signIn()
    const { keys: before } = (await faulty.idp.app.inject('/jwks')).json()
    await faulty.lab.faults.switchOn(fault, { count: 1 })
    // It asks again for a kid that it does not know, but not within a minute.
    await faulty.lab.clock.advance(61)
    await t.resolves(relyingParty.signIn(), fault)
    await faulty.lab.clock.advance(61)
    await t.resolves(relyingParty.signIn(), 'and the next one')
    t.equal((await faulty.idp.app.inject('/jwks')).json().keys.length, before.length + 1, 'there was one rotation')
    await faulty.lab.clock.reset()
  }
})

t.test('a relying party that is registered for ES256 refuses a bad ES256 signature for the signature', async t => {
  const faulty = await startOnSocket(t)
  await faulty.lab.clients.patch('relying-party', { id_token_signed_response_alg: 'ES256' })
  const relyingParty = () => new RelyingParty(faulty, { id_token_signed_response_alg: 'ES256' })
  await t.resolves(relyingParty().signIn(), 'without a fault')
  for (const fault of ['id-token-invalid-signature', 'id-token-invalid-signature-es256', 'id-token-wrong-key']) {
    await faulty.lab.faults.switchOn(fault, { count: 1 })
    t.match(await relyingParty().signIn().then(() => 'goes on', reasonOf), /JWT signature verification failed/, fault)
  }
})
