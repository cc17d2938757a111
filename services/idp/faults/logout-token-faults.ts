import { byClientAndUser, elsewhere, tokenFault, type Description, type Fault } from './fault.ts'
import { signWithClientSecret, spoilSignature, unsigned, type Issued } from './forger.ts'

const common = { group: 'logout-token', point: 'logout-token', outcome: 'refuse', scopes: byClientAndUser } as const
const module = (name: string) => `oidcc-client-test-rp-backchannel-rpinitlogout-${name}`
const step = (number: number) => ({
  section: `OpenID Connect Back-Channel Logout 1.0, 2.6, step ${number}`,
  url: 'https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation'
})
const refusal = 'answer 400 and end no session.'

const claims = (
  fault: Pick<Description, 'name' | 'title' | 'does' | 'mustDo' | 'specification' | 'conformance'>,
  change: (issued: Issued) => Record<string, unknown>
) => tokenFault({ ...common, ...fault, forge: (issued, forger) => forger.resign(issued, { payload: change(issued) }) })

const wrongSignatures: Fault[] = [
  tokenFault({
    ...common,
    name: 'logout-token-alg-none',
    title: 'Logout token without a signature',
    does: 'alg is none and the signature is empty; claims and the other header parameters are perfect',
    mustDo: `Accept only the alg that it is registered with, never none; ${refusal}`,
    specification: step(3),
    conformance: module('alg-none'),
    forge: unsigned
  }),
  tokenFault({
    ...common,
    name: 'logout-token-wrong-alg',
    title: 'Logout token signed with another algorithm',
    does: 'alg is HS256 and the signature a correct HMAC with the client secret; kid and claims are perfect',
    mustDo: `Accept only the alg that it is registered with, the one of its ID tokens; ${refusal}`,
    specification: step(3),
    conformance: module('wrong-alg'),
    forge: signWithClientSecret
  }),
  tokenFault({
    ...common,
    name: 'logout-token-invalid-signature',
    title: 'Logout token with a bad signature',
    does: 'the last bit of the signature is the other one; header and claims are perfect',
    mustDo: `Check the signature also where all claims are right; ${refusal}`,
    specification: step(2),
    forge: ({ jwt }) => spoilSignature(jwt)
  })
]

const wrongClaims: Fault[] = [
  claims({
    name: 'logout-token-invalid-iss',
    title: 'Logout token of another issuer',
    does: `iss is ${elsewhere.issuer}; correctly signed`,
    mustDo: `Compare iss with the issuer it has discovered; ${refusal}`,
    specification: step(4),
    conformance: module('wrong-iss')
  }, () => ({ iss: elsewhere.issuer })),
  claims({
    name: 'logout-token-invalid-aud',
    title: 'Logout token for another client',
    does: `aud is ${elsewhere.client}; correctly signed`,
    mustDo: `Look for its own client_id in aud; ${refusal}`,
    specification: step(4),
    conformance: module('wrong-aud')
  }, () => ({ aud: elsewhere.client })),
  claims({
    name: 'logout-token-missing-events',
    title: 'Logout token without events',
    does: 'events is left out; correctly signed',
    mustDo: `Refuse what does not say that it is about a logout: it may be an ID token; ${refusal}`,
    specification: step(6),
    conformance: module('no-event')
  }, () => ({ events: undefined })),
  claims({
    name: 'logout-token-wrong-event',
    title: 'Logout token about another event',
    does: 'events has no http://schemas.openid.net/event/backchannel-logout but another member; correctly signed',
    mustDo: `Look for the member of events that means a logout; ${refusal}`,
    specification: step(6),
    conformance: module('wrong-event')
  }, () => ({ events: { [`${elsewhere.issuer}/event/another`]: {} } })),
  claims({
    name: 'logout-token-with-nonce',
    title: 'Logout token with a nonce',
    does: 'nonce is added; correctly signed',
    mustDo: `Refuse: a nonce is forbidden, so that no ID token passes for a logout token; ${refusal}`,
    specification: step(7),
    conformance: module('with-nonce')
  }, () => ({ nonce: 'a-nonce' }))
]

const replay = tokenFault({
  ...common,
  name: 'logout-token-replayed',
  title: 'Logout token that is sent twice',
  does: 'the good logout token is sent and, after the answer, sent again, with the same jti',
  mustDo: 'Remember jti for as long as the token could be used, and refuse the second one with 400. The specification leaves ' +
    'the check to the relying party; without it a session that was begun between the two could be ended.',
  specification: step(8),
  times: 2,
  forge: ({ jwt }) => jwt
})

export const logoutTokenFaults: Fault[] = [...wrongSignatures, ...wrongClaims, replay]
