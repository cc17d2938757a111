import t from 'tap'
import { catalogue } from '../../../services/idp/faults/catalogue.ts'
import { Visitor } from '../helper.ts'
import { proveGroup, SignedIn, startFaultyIdp, withChanges } from './helper.ts'

const errors = [
  'invalid_request', 'unauthorized_client', 'access_denied', 'unsupported_response_type', 'invalid_scope', 'server_error',
  'temporarily_unavailable', 'interaction_required', 'login_required', 'account_selection_required', 'consent_required',
  'invalid_request_uri', 'invalid_request_object', 'request_not_supported', 'request_uri_not_supported',
  'registration_not_supported'
]

/** What differs in the response. */
const rows: Record<string, Record<string, string | undefined>> = {
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

proveGroup(t, 'authorization-response', rows, async (t, fault, changes) => {
  const { idp, lab } = await startFaultyIdp(t)
  const alice = await SignedIn.as(idp)
  const clean = comparable(await alice.authorize())
  t.same(clean, { code: 'a code', state: 'the-state', iss: idp.config.issuer })

  for (const responseMode of ['query', 'fragment', 'form_post']) {
    await lab.faults.switchOn(fault, { count: 1 })
    const page = await alice.visitor.open(idp.authorizationRequest(idp.relyingParty, { response_mode: responseMode }))
    t.same(comparable(responseIn(page, responseMode)), withChanges(clean, changes), responseMode)
    t.equal(page.status, responseMode !== 'form_post' ? 303 : 'error' in changes ? 400 : 200)
  }

  t.same(comparable(await alice.authorize()), clean, 'the next one is as it was')
})

function responseIn ({ location, $ }: Awaited<ReturnType<Visitor['open']>>, responseMode: string): Iterable<[string, string]> {
  if (responseMode === 'query') return location!.searchParams
  if (responseMode === 'fragment') return new URLSearchParams(location!.hash.slice(1))
  return $('input').toArray().map((input): [string, string] => [$(input).attr('name')!, $(input).attr('value')!])
}

t.test('gives a code that is good in a response that is not', async t => {
  const { idp, lab } = await startFaultyIdp(t)
  const alice = await SignedIn.as(idp)
  for (const { name } of catalogue.filter(({ name }) => name.startsWith('authorization-response-'))) {
    await lab.faults.switchOn(name, { count: 1 })
    t.equal((await alice.redeem()).statusCode, 200, name)
  }
})

t.test('answers with an error only where there would be a code: after sign-in', async t => {
  const { idp, lab } = await startFaultyIdp(t)
  await lab.faults.switchOn('authorization-error-access-denied', { count: 1 })
  const visitor = new Visitor(idp)
  t.equal((await visitor.open(idp.authorizationRequest(idp.relyingParty))).$('#password').length, 1, 'the sign-in page')
  t.equal((await lab.faults.active()).length, 1, 'still on')
  const { location } = await visitor.signIn('alice')
  t.equal(location!.searchParams.get('error'), 'access_denied')
  t.same(await lab.faults.active(), [])
  t.ok((await visitor.signIn('alice')).location!.searchParams.has('code'), 'she is signed in, and the next request gets its code')
})

t.test('refuses a bad request for what is bad about it', async t => {
  const { idp, lab } = await startFaultyIdp(t)
  const alice = await SignedIn.as(idp)
  await lab.faults.switchOn('authorization-error-temporarily-unavailable', { count: 1 })
  t.equal((await alice.authorize(idp.relyingParty, { code_challenge: undefined })).get('error'), 'invalid_request')
  t.equal((await lab.faults.active()).length, 1, 'still on')
})
