import type { Refused } from '../helpers/faulty-lab.ts'

/** What is to become of a sign-in that meets a fault. */
export type SignInRow = (Refused | { comes: 'in' }) & {
  /** what the relying party must not know yet, so that it has to ask and meets the fault */
  asks?: 'for metadata' | 'for keys'
  /** shorter than by default, where nothing depends on how long it takes */
  parameters?: Record<string, unknown>
  /** why it comes in although the catalogue says to refuse, where that is left to the relying party */
  because?: string
}

const refused = (error: string, says: RegExp, status = 400): Refused => ({ status, error, says })
const idToken = (says: RegExp) => refused('invalid_id_token', says)
const undiscovered = (says: RegExp, parameters = {}) =>
  ({ ...refused('provider_unavailable', says, 503), asks: 'for metadata', parameters } as const)
const keys = (row: Refused | { comes: 'in' }) => ({ ...row, asks: 'for keys' } as const)
const comesIn = { comes: 'in' } as const

const wrongAlgorithm = idToken(/signed with an algorithm not agreed on \(alg\)/)
const wrongSignature = idToken(/the signature of the ID token is wrong/)
const unknownKey = idToken(/signed with a key that the identity provider does not publish/)

/** Each error of the authorization endpoint, and what the page says of it. */
export const authorizationErrors: Record<string, RegExp> = {
  invalid_request: /did not understand our request/,
  unauthorized_client: /does not let this application sign people in/,
  access_denied: /You were not signed in/,
  unsupported_response_type: /does not offer the authorization code flow/,
  invalid_scope: /something it may not have/,
  server_error: /The identity provider has a problem/,
  temporarily_unavailable: /The identity provider is busy/,
  interaction_required: /The identity provider has a question/,
  login_required: /Please sign in again/,
  account_selection_required: /Please choose an account/,
  consent_required: /Your consent is needed/,
  invalid_request_uri: /could not use the request that we sent/,
  invalid_request_object: /could not use the request that we sent/,
  request_not_supported: /does not support requests as we sent one/,
  request_uri_not_supported: /does not support requests as we sent one/,
  registration_not_supported: /does not support requests as we sent one/
}

const ofAuthorizationErrors = Object.fromEntries(Object.entries(authorizationErrors).map(([error, says]) =>
  [`authorization-error-${error.replaceAll('_', '-')}`, refused(error, says)]))

/** What becomes of a sign-in, for every fault that it can meet. */
export const signInRows: Record<string, SignInRow> = {
  'discovery-issuer-mismatch': undiscovered(/the discovery document is of another issuer/),
  'discovery-missing-field': undiscovered(/the discovery document has no usable jwks_uri/, { field: 'jwks_uri' }),
  'discovery-html': undiscovered(/something other than JSON/),
  'discovery-server-error': undiscovered(/answered with the status 500/),
  'discovery-slow': { ...comesIn, asks: 'for metadata', parameters: { delaySeconds: 0.1 } },

  'authorization-response-invalid-iss': refused('invalid_response', /is from another identity provider \(iss\)/),
  'authorization-response-missing-iss': refused('invalid_response', /does not say which identity provider it is from \(iss\)/),
  'authorization-response-invalid-state': refused('state_unknown', /This sign-in is over/),
  'authorization-response-missing-state': refused('state_missing', /This was no answer to a sign-in/),
  ...ofAuthorizationErrors,

  'token-endpoint-server-error': refused('server_error', /The identity provider has a problem.*status 500/s, 502),
  'token-endpoint-too-many-requests': refused('temporarily_unavailable', /The identity provider is busy.*asks us to wait/s, 503),
  'token-endpoint-timeout': refused('provider_unavailable', /did not answer in time/, 503),
  'token-endpoint-invalid-grant': refused('invalid_grant', /The code .* was used already, or it has expired/),
  'token-endpoint-truncated-json': refused('invalid_response', /JSON that breaks off/),
  'token-endpoint-wrong-content-type': {
    ...comesIn, because: 'reading JSON that is called something else is lenient, and not forbidden'
  },
  'token-endpoint-slow': { ...comesIn, parameters: { delaySeconds: 0.1 } },

  'id-token-invalid-iss': idToken(/is from another identity provider \(iss\)/),
  'id-token-invalid-aud': idToken(/was issued for another application \(aud\)/),
  'id-token-missing-aud': idToken(/has no aud/),
  'id-token-additional-aud': idToken(/also meant for an application that we do not know \(aud\)/),
  'id-token-invalid-azp': idToken(/was issued to another application \(azp\)/),
  'id-token-invalid-nonce': idToken(/belongs to another sign-in \(nonce\)/),
  'id-token-missing-nonce': idToken(/has no nonce/),
  'id-token-missing-sub': idToken(/has no sub/),
  'id-token-missing-iat': idToken(/has no iat/),
  'id-token-expired': idToken(/has expired \(exp\)/),
  'id-token-not-yet-valid': idToken(/is not valid yet \(nbf\)/),
  // With OIDC_ACR_VALUES and OIDC_MAX_AGE it refuses them.
  'id-token-invalid-acr': { ...comesIn, because: 'it has asked for no level' },
  'id-token-old-auth-time': { ...comesIn, because: 'it has not asked when' },
  'id-token-missing-auth-time': { ...comesIn, because: 'it has not asked when' },
  'id-token-alg-none': wrongAlgorithm,
  'id-token-invalid-signature': wrongSignature,
  'id-token-invalid-signature-es256': wrongAlgorithm,
  'id-token-invalid-signature-hs256': wrongAlgorithm,
  'id-token-hs256-with-public-key': wrongAlgorithm,
  'id-token-wrong-key': wrongSignature,
  'id-token-unknown-kid': unknownKey,
  'id-token-no-kid-single-key': keys(comesIn),
  'id-token-no-kid-several-keys': keys(idToken(/does not say which of several keys it is signed with/)),

  'jwks-empty': keys(unknownKey),
  'jwks-unparsable-key': keys(comesIn),
  'jwks-server-error': keys(refused('server_error', /The identity provider has a problem.*status 500/s, 502)),
  'jwks-unreachable': keys(refused('provider_unavailable', /no connection/, 503)),
  'jwks-slow': { ...keys(comesIn), parameters: { delaySeconds: 0.1 } },
  'jwks-rotated-before-signing': comesIn,
  'jwks-rotated-between-sign-ins': comesIn,

  'userinfo-invalid-sub': refused('invalid_userinfo', /tells about somebody else than the ID token \(sub\)/),
  'userinfo-unauthorized': refused('invalid_token', /the userinfo endpoint does not take the access token/),
  'userinfo-not-json': refused('invalid_response', /something other than JSON/)
}

export type MessengerRow = Refused | { comes: 'in' }

/**
 * What becomes of the code for the Messenger when the fault is in the response to the request for it. The person is signed in
 * by then, and stays so.
 */
export const messengerRows: Record<string, MessengerRow> = {
  ...Object.fromEntries(Object.entries(signInRows)
    .filter(([name]) => name.startsWith('authorization-'))
    .map(([name, row]) => [name, 'comes' in row ? comesIn : row])),
  // Asked with an ID token as a hint at first, and then without.
  'authorization-error-invalid-request': comesIn,
  // Asked without a page at first, and then with one.
  'authorization-error-interaction-required': comesIn,
  'authorization-error-consent-required': comesIn,
  'authorization-error-account-selection-required': comesIn
}

/** What becomes of a call with an access token that has run out. */
export interface ProfileRow {
  status: number
  error?: string
  /** whether the session goes on */
  session: 'stays' | 'ends'
}

const sessionEnds = { status: 401, error: 'session_ended', session: 'ends' } as const
const notNow = (error: string, status = 503) => ({ status, error, session: 'stays' } as const)

/** Faults of a refresh, and of what follows it. Where a token response is spoilt the refresh token is used up: left out. */
export const profileRows: Record<string, ProfileRow> = {
  'refresh-invalid-iss': sessionEnds,
  'refresh-invalid-aud': sessionEnds,
  'refresh-invalid-sub': sessionEnds,
  'refresh-invalid-azp': sessionEnds,
  'token-endpoint-invalid-grant': sessionEnds,
  'token-endpoint-server-error': notNow('server_error', 502),
  'token-endpoint-too-many-requests': notNow('temporarily_unavailable'),
  'token-endpoint-timeout': notNow('provider_unavailable'),
  'userinfo-invalid-sub': notNow('invalid_userinfo', 400),
  'userinfo-not-json': notNow('invalid_response', 400),
  // It is refreshed for that once.
  'userinfo-unauthorized': { status: 200, session: 'stays' }
}

/** Why a logout token is refused, as the log has it. */
export const logoutTokenRows: Record<string, RegExp> = {
  'logout-token-alg-none': /alg/,
  'logout-token-wrong-alg': /alg/,
  'logout-token-invalid-signature': /signature/,
  'logout-token-invalid-iss': /of no provider that we know/,
  'logout-token-invalid-aud': /aud/,
  'logout-token-missing-events': /events/,
  'logout-token-wrong-event': /events/,
  'logout-token-with-nonce': /nonce/,
  'logout-token-replayed': /used before/
}

/** Where a sign-out ends: here, on a page with a status and words, or at the identity provider. */
export interface SignOutRow {
  at: 'relying-party' | 'idp'
  status: number
  says: RegExp
}

export const signOutRows: Record<string, SignOutRow> = {
  'end-session-missing-state': { at: 'relying-party', status: 400, says: /You are signed out here/ },
  'end-session-invalid-state': { at: 'relying-party', status: 400, says: /You are signed out here/ },
  'end-session-server-error': { at: 'idp', status: 500, says: /Internal Server Error/ }
}
