import { inThisProcess } from './application.ts'
import { buildApplication } from './express-openid-connect.ts'
import { tryRelyingParty } from './trial.ts'

const signature = 'it trusts the connection to the token endpoint, and checks no signature'
const azp = 'it looks at azp only when there are several audiences'

await tryRelyingParty({
  name: 'express-openid-connect 3.4.0',
  callbackPath: '/callback',
  meets: ['discovery', 'authorization-response', 'token-endpoint', 'id-token', 'refresh', 'userinfo', 'logout-token', 'end-session'],
  otherwise: {
    'discovery-missing-field': 'it needs no jwks_uri, since it checks no signature',
    'token-endpoint-wrong-content-type': 'it looks at the content type only when the body is not JSON',
    'id-token-invalid-azp': azp,
    'id-token-invalid-signature': signature,
    'id-token-wrong-key': signature,
    'id-token-unknown-kid': signature,
    'id-token-no-kid-several-keys': signature,
    'refresh-invalid-sub': 'it does not compare sub with the one of the sign-in',
    'refresh-invalid-azp': azp,
    'logout-token-replayed': 'it does not remember the jti of logout tokens'
  },
  host: t => inThisProcess(t, registration => buildApplication(registration, { checksMore: false }))
})
