import { inProcessOf } from './application.ts'
import type { RelyingParty } from './trial.ts'

const iss = 'it does not know RFC 9207'
const again = 'its HTTP client asks again when a connection is closed without an answer'

export const omniauth = {
  name: 'gitlab-omniauth-openid-connect 0.10.0',
  callbackPath: '/auth/openid_connect/callback',
  // It knows no PKCE.
  metadata: { permissive: true },
  meets: ['discovery', 'authorization-response', 'token-endpoint', 'id-token', 'jwks', 'userinfo', 'end-session'],
  hasUserinfoAtSignIn: true,
  otherwise: {
    'authorization-response-invalid-iss': iss,
    'authorization-response-missing-iss': iss,
    'token-endpoint-timeout': again,
    'token-endpoint-wrong-content-type': 'it parses whatever comes as JSON',
    'id-token-additional-aud': 'it is content with being one of several audiences',
    'id-token-invalid-azp': 'it does not look at azp',
    'id-token-not-yet-valid': 'it does not look at nbf',
    'id-token-no-kid-several-keys': 'without kid it tries each key',
    'jwks-unreachable': again,
    'userinfo-invalid-sub': 'it puts the claims of the ID token in the place of those of the same name'
  },
  host: (t, idp) => inProcessOf(t, ['/usr/bin/ruby', 'omniauth_applications.rb'], idp),
  needs: { command: ['/usr/bin/ruby', '-r', 'omniauth_openid_connect', '-r', 'webrick', '-e', ''], packages: 'ruby-omniauth-openid-connect and ruby-webrick' }
} satisfies RelyingParty
