import { authorizationFault, byClientAndUser, core, elsewhere, rfc, type Description, type Fault } from './fault.ts'

const common = { group: 'authorization-response', point: 'authorization-response', scopes: byClientAndUser } as const

const mixUps: Fault[] = [
  authorizationFault({
    ...common,
    name: 'authorization-response-invalid-iss',
    title: 'Authorization response of another issuer',
    does: `iss is ${elsewhere.issuer}; code and state are good`,
    mustDo: 'Compare iss with the issuer it sent the browser to, and send the code nowhere: this may be a mix-up attack.',
    outcome: 'refuse',
    specification: rfc(9207, '2.4'),
    change: response => { response['iss'] = elsewhere.issuer }
  }),
  authorizationFault({
    ...common,
    name: 'authorization-response-missing-iss',
    title: 'Authorization response without iss',
    does: 'iss is left out, although discovery promises it; code and state are good',
    mustDo: 'Refuse, since authorization_response_iss_parameter_supported is true, and send the code nowhere.',
    outcome: 'refuse',
    specification: rfc(9207, '2.4'),
    change: response => { response['iss'] = undefined }
  }),
  authorizationFault({
    ...common,
    name: 'authorization-response-invalid-state',
    title: 'Authorization response to another request',
    does: 'state is not the one of the authorization request; code and iss are good',
    mustDo: 'Compare state with the one it kept with this browser, and send the code nowhere: it may be of somebody else.',
    outcome: 'refuse',
    specification: rfc(6749, '10.12'),
    change: response => { response['state'] = 'state-of-another-request' }
  }),
  authorizationFault({
    ...common,
    name: 'authorization-response-missing-state',
    title: 'Authorization response without state',
    does: 'state is left out, although the authorization request had one; code and iss are good',
    mustDo: 'Refuse, and send the code nowhere.',
    outcome: 'refuse',
    specification: rfc(6749, '4.1.2'),
    change: response => { response['state'] = undefined }
  })
]

type Meaning = Pick<Description, 'mustDo' | 'outcome'>

const ownMistake: Meaning = {
  outcome: 'refuse',
  mustDo: 'Say that the sign-in failed for a reason that the person cannot change, log error and its description, offer a way on.'
}
const needsAPerson: Meaning = {
  outcome: 'retry',
  mustDo: 'Where it had asked with prompt=none, ask again without it; otherwise say that the sign-in failed. Never in a loop.'
}
const passing: Meaning = {
  outcome: 'retry',
  mustDo: 'Say that the identity provider has a problem and offer to try again; not again by itself in a loop.'
}

const ofOAuth: Record<string, Meaning> = {
  invalid_request: ownMistake,
  unauthorized_client: ownMistake,
  access_denied: { outcome: 'refuse', mustDo: 'Take the person\'s no: no session, no blame, a way to sign in after all.' },
  unsupported_response_type: ownMistake,
  invalid_scope: ownMistake,
  server_error: passing,
  temporarily_unavailable: passing
}

const ofOpenIdConnect: Record<string, Meaning> = {
  interaction_required: needsAPerson,
  login_required: needsAPerson,
  account_selection_required: needsAPerson,
  consent_required: needsAPerson,
  invalid_request_uri: ownMistake,
  invalid_request_object: ownMistake,
  request_not_supported: ownMistake,
  request_uri_not_supported: ownMistake,
  registration_not_supported: ownMistake
}

const errorFaults = (errors: Record<string, Meaning>, specification: Description['specification']): Fault[] =>
  Object.entries(errors).map(([error, meaning]) => authorizationFault({
    ...common,
    ...meaning,
    name: `authorization-error-${error.replaceAll('_', '-')}`,
    title: `Authorization error ${error}`,
    does: `error ${error} and an error_description in place of the code, where one would have been issued, after sign-in and ` +
      'consent; state and iss are good. A request that leads to a page shows the page',
    specification,
    change: response => {
      response['code'] = undefined
      response['error'] = error
      response['error_description'] = `the fault authorization-error-${error.replaceAll('_', '-')} is switched on`
    }
  }))

export const authorizationResponseFaults: Fault[] = [
  ...mixUps,
  ...errorFaults(ofOAuth, rfc(6749, '4.1.2.1')),
  ...errorFaults(ofOpenIdConnect, core('3.1.2.6', 'AuthError'))
]
