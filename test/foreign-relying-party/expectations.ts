import type { FaultInCatalogue } from '../../services/idp/lab/faults.ts'

const signature = 'trusts the connection to the token endpoint and checks no signature'

/** What express-openid-connect 3.4.0 accepts although the catalogue says to refuse it, and why. */
export const accepted: Record<string, string> = {
  'discovery-missing-field': 'needs no jwks_uri, since it checks no signature',
  'token-endpoint-wrong-content-type': 'looks at the content type only when the body is not JSON',
  'id-token-invalid-azp': 'looks at azp only when there are several audiences',
  'id-token-invalid-signature': signature,
  'id-token-wrong-key': signature,
  'id-token-unknown-kid': signature,
  'id-token-no-kid-several-keys': signature,
  'refresh-invalid-sub': 'does not compare sub with the one of the sign-in',
  'refresh-invalid-azp': 'looks at azp only when there are several audiences',
  'logout-token-replayed': 'does not remember the jti of logout tokens'
}

/** How faults are switched on that are not as they should be here by themselves, once. */
export const options: Record<string, { count?: number, parameters?: Record<string, unknown> }> = {
  'discovery-slow': { parameters: { delaySeconds: 0.5 } },
  'token-endpoint-slow': { parameters: { delaySeconds: 0.5 } },
  'jwks-slow': { parameters: { delaySeconds: 0.5 } },
  // For a key that it does not know it asks once more.
  'jwks-empty': { count: 2 }
}

/** In which exchanges with the identity provider the faults of a group are found. */
export const endpoints: Record<FaultInCatalogue['group'], string[]> = {
  discovery: ['discovery'],
  'authorization-response': ['authorization', 'resume'],
  'token-endpoint': ['token'],
  'id-token': ['token'],
  jwks: ['jwks', 'token'],
  userinfo: ['userinfo'],
  refresh: ['token'],
  'logout-token': ['backchannel_logout', 'end_session_confirm'],
  'end-session': ['end_session', 'end_session_confirm']
}

/** Whether it goes on in spite of the fault, be it right or wrong. */
export function isAccepted ({ name, outcome }: FaultInCatalogue): boolean {
  return outcome === 'succeed' || name in accepted
}
