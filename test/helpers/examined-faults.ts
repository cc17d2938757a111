import type { Finding } from '../../services/console/examiner/examine.ts'

/** Which check of the examiner does not hold where the identity provider does this wrong; for all other faults each holds. */
export const brokenChecks: Record<string, string> = {
  'discovery-issuer-mismatch': 'discovery-issuer',
  'discovery-missing-field': 'discovery-fields',
  'authorization-response-invalid-iss': 'issuer-parameter',
  'authorization-response-missing-iss': 'issuer-parameter',
  'authorization-response-invalid-state': 'state',
  'authorization-response-missing-state': 'state',
  'authorization-error-invalid-request': 'error-response',
  'authorization-error-unauthorized-client': 'error-response',
  'authorization-error-access-denied': 'error-response',
  'authorization-error-unsupported-response-type': 'error-response',
  'authorization-error-invalid-scope': 'error-response',
  'authorization-error-invalid-request-uri': 'error-response',
  'authorization-error-invalid-request-object': 'error-response',
  'authorization-error-request-not-supported': 'error-response',
  'authorization-error-request-uri-not-supported': 'error-response',
  'authorization-error-registration-not-supported': 'error-response',
  'token-endpoint-wrong-content-type': 'token-response',
  'id-token-invalid-iss': 'id-token-iss',
  'id-token-invalid-aud': 'id-token-aud',
  'id-token-missing-aud': 'id-token-aud',
  'id-token-additional-aud': 'id-token-aud',
  'id-token-invalid-azp': 'id-token-azp',
  'id-token-invalid-nonce': 'id-token-nonce',
  'id-token-missing-nonce': 'id-token-nonce',
  'id-token-missing-sub': 'id-token-sub',
  'id-token-missing-iat': 'id-token-iat',
  'id-token-expired': 'id-token-exp',
  'id-token-not-yet-valid': 'id-token-nbf',
  'id-token-invalid-acr': 'id-token-acr',
  'id-token-old-auth-time': 'id-token-auth-time',
  'id-token-missing-auth-time': 'id-token-auth-time',
  'id-token-alg-none': 'id-token-alg',
  'id-token-invalid-signature': 'id-token-signature',
  'id-token-invalid-signature-es256': 'id-token-alg',
  'id-token-invalid-signature-hs256': 'id-token-alg',
  'id-token-hs256-with-public-key': 'id-token-alg',
  'id-token-wrong-key': 'id-token-signature',
  'id-token-unknown-kid': 'id-token-key',
  'id-token-no-kid-several-keys': 'id-token-key',
  'jwks-empty': 'published-keys',
  'userinfo-invalid-sub': 'userinfo-sub',
  'userinfo-not-json': 'userinfo-response',
  'refresh-invalid-iss': 'refreshed-id-token-iss',
  'refresh-invalid-aud': 'refreshed-id-token-aud',
  'refresh-invalid-sub': 'refreshed-id-token-sub',
  'refresh-invalid-azp': 'refreshed-id-token-azp',
  'logout-token-alg-none': 'logout-token-alg',
  'logout-token-wrong-alg': 'logout-token-alg',
  'logout-token-invalid-signature': 'logout-token-signature',
  'logout-token-invalid-iss': 'logout-token-iss',
  'logout-token-invalid-aud': 'logout-token-aud',
  'logout-token-missing-events': 'logout-token-event',
  'logout-token-wrong-event': 'logout-token-event',
  'logout-token-with-nonce': 'logout-token-nonce',
  'logout-token-replayed': 'logout-token-once'
}

/** Those that are about what an application has asked for; without that nothing is to be checked. */
const onlyIfAsked = new Set(['id-token-nonce', 'id-token-acr', 'id-token-auth-time'])

/** Which checks do not hold where this fault was met, among what was found about that. */
export function brokenBy (fault: string, findings: readonly Finding[]): string[] {
  const expected = brokenChecks[fault]
  const isChecked = expected !== undefined && (!onlyIfAsked.has(expected) || findings.some(({ name }) => name === expected))
  return isChecked ? [expected] : []
}

/** What was found about the messages with a fault alone: in what belongs to no browser, everybody's metadata and keys stand together. */
export function findingsAbout (
  fault: string, { id, messages, findings }: { id: string, messages: readonly { key: string, faults: string[] }[], findings: readonly Finding[] }
): Finding[] {
  const isMeant = new Set(messages.filter(({ faults }) => faults.includes(fault)).map(({ key }) => key))
  return findings.filter(({ message }) => id !== 'background' || isMeant.has(message))
}
