import { inProcessOf } from './application.ts'
import type { RelyingParty } from './trial.ts'

const iss = 'it does not know RFC 9207'

export const authlib = {
  name: 'Authlib 1.2.0',
  callbackPath: '/callback',
  meets: ['discovery', 'authorization-response', 'token-endpoint', 'id-token', 'jwks', 'userinfo', 'end-session'],
  otherwise: {
    'authorization-response-invalid-iss': iss,
    'authorization-response-missing-iss': iss,
    'token-endpoint-wrong-content-type': 'it parses whatever comes as JSON',
    'id-token-no-kid-single-key': 'it looks for keys by their kid alone',
    'jwks-unparsable-key': 'an RSA key without modulus spoils the whole set',
    'userinfo-invalid-sub': 'it does not compare sub with that of the ID token'
  },
  // For a key that it does not know it asks once more.
  options: { 'jwks-empty': { count: 2 } },
  host: (t, idp) => inProcessOf(t, ['/usr/bin/python3', 'authlib_applications.py'], idp),
  needs: { command: ['/usr/bin/python3', '-c', 'import authlib.integrations.flask_client'], packages: 'python3-authlib, python3-flask and python3-requests' }
} satisfies RelyingParty
