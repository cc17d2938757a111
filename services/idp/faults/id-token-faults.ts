import { Type } from '#lib/validation/schema.ts'
import { byClientAndUser, core, elsewhere, rfc, tokenFault, type Description, type Fault } from './fault.ts'
import { signHs256, signWithClientSecret, spoilSignature, unsigned, type Issued } from './forger.ts'

const common = { group: 'id-token', point: 'id-token', scopes: byClientAndUser } as const
const step = (number: number) => core(`3.1.3.7, step ${number}`, 'IDTokenValidation')
const apart = Type.Object({
  seconds: Type.Integer({ default: 3600, minimum: 1, maximum: 1_000_000_000, description: 'how far from the time of issue' })
}, { additionalProperties: false })

const longAgo = Type.Object({
  seconds: Type.Integer({ default: 2_592_000, minimum: 1, maximum: 1_000_000_000, description: 'how long before the time of issue' })
}, { additionalProperties: false })

/** Other claims, everything else intact and correctly signed. */
const claims = (
  fault: Pick<Description, 'name' | 'title' | 'does' | 'mustDo' | 'specification' | 'conformance'>,
  change: (issued: Issued) => Record<string, unknown>
) => tokenFault({
  ...common, ...fault, outcome: 'refuse', forge: (issued, forger) => forger.resign(issued, { payload: change(issued) })
})

const wrongClaims: Fault[] = [
  claims({
    name: 'id-token-invalid-iss',
    title: 'ID token of another issuer',
    does: `iss is ${elsewhere.issuer}; correctly signed`,
    mustDo: 'Compare iss with the issuer it has discovered, character by character, and refuse the ID token.',
    specification: step(2),
    conformance: 'oidcc-client-test-invalid-iss'
  }, () => ({ iss: elsewhere.issuer })),
  claims({
    name: 'id-token-invalid-aud',
    title: 'ID token for another client',
    does: `aud is ${elsewhere.client}; correctly signed`,
    mustDo: 'Look for its own client_id in aud, and refuse an ID token without it.',
    specification: step(3),
    conformance: 'oidcc-client-test-invalid-aud'
  }, () => ({ aud: elsewhere.client })),
  claims({
    name: 'id-token-missing-aud',
    title: 'ID token for nobody',
    does: 'aud is left out; correctly signed',
    mustDo: 'Refuse the ID token: without aud it may have been meant for anybody.',
    specification: step(3),
    conformance: 'oidcc-client-test-missing-aud'
  }, () => ({ aud: undefined })),
  claims({
    name: 'id-token-additional-aud',
    title: 'ID token for this client and for one that it does not know',
    does: `aud is an array of the client's own client_id and ${elsewhere.client}, without azp; correctly signed`,
    mustDo: 'Refuse an ID token that is also for an audience it does not trust.',
    specification: step(3)
  }, ({ payload }) => ({ aud: [payload.aud, elsewhere.client].flat() })),
  claims({
    name: 'id-token-invalid-azp',
    title: 'ID token that another client was authorized to get',
    does: `azp is ${elsewhere.client}, aud is as it should be; correctly signed`,
    mustDo: 'Where azp is there, compare it with its own client_id, and refuse the ID token when it is another.',
    specification: step(5)
  }, () => ({ azp: elsewhere.client })),
  claims({
    name: 'id-token-invalid-nonce',
    title: 'ID token of another authorization request',
    does: 'nonce is not the one of the authorization request; correctly signed',
    mustDo: 'Compare nonce with the one it sent and kept with the browser, and refuse: the ID token may be replayed or injected.',
    specification: step(11),
    conformance: 'oidcc-client-test-nonce-invalid'
  }, () => ({ nonce: 'nonce-of-another-request' })),
  claims({
    name: 'id-token-missing-nonce',
    title: 'ID token without the nonce',
    does: 'nonce is left out, although the authorization request had one; correctly signed',
    mustDo: 'Refuse the ID token: whoever sent a nonce must find it there.',
    specification: step(11)
  }, () => ({ nonce: undefined })),
  claims({
    name: 'id-token-missing-sub',
    title: 'ID token about nobody',
    does: 'sub is left out; correctly signed',
    mustDo: 'Refuse the ID token, and not fall back on e-mail address or name to tell who it is.',
    specification: core('2', 'IDToken'),
    conformance: 'oidcc-client-test-missing-sub'
  }, () => ({ sub: undefined })),
  claims({
    name: 'id-token-missing-iat',
    title: 'ID token that does not say when it was issued',
    does: 'iat is left out; correctly signed',
    mustDo: 'Refuse the ID token: iat is required.',
    specification: core('2', 'IDToken'),
    conformance: 'oidcc-client-test-missing-iat'
  }, () => ({ iat: undefined }))
]

const wrongTimes: Fault[] = [
  tokenFault({
    ...common,
    name: 'id-token-expired',
    title: 'ID token that has expired',
    does: 'exp lies as many seconds before iat as the parameter says; correctly signed',
    mustDo: 'Refuse an ID token at or after exp; a leeway for clocks is a few minutes at most.',
    outcome: 'refuse',
    specification: step(9),
    parameters: apart,
    forge: (issued, forger, { seconds }) => forger.resign(issued, { payload: { exp: issued.payload.iat! - seconds } })
  }),
  tokenFault({
    ...common,
    name: 'id-token-not-yet-valid',
    title: 'ID token that is not valid yet',
    does: 'nbf is added and lies as many seconds after iat as the parameter says, exp as far after that; correctly signed',
    mustDo: 'Refuse the ID token before nbf; a leeway for clocks is a few minutes at most.',
    outcome: 'refuse',
    specification: rfc(7519, '4.1.5'),
    parameters: apart,
    forge: (issued, forger, { seconds }) => forger.resign(issued, {
      payload: { nbf: issued.payload.iat! + seconds, exp: issued.payload.exp! + seconds }
    })
  })
]

/** About what a client has to ask for, since otherwise any will do. */
const unaskedFor: Fault[] = [
  claims({
    name: 'id-token-invalid-acr',
    title: 'ID token of a sign-in at another level',
    does: `acr is ${elsewhere.acr}, whatever was asked for; correctly signed`,
    mustDo: 'Where it has asked for a level (acr_values, or the claim acr), compare acr with it and refuse the ID token: the person can take ' +
      'the parameter out of the request. Where it has asked for none, there is nothing to refuse.',
    specification: step(12)
  }, () => ({ acr: elsewhere.acr })),
  tokenFault({
    ...common,
    name: 'id-token-old-auth-time',
    title: 'ID token of a sign-in that was long ago',
    does: 'auth_time lies as many seconds before iat as the parameter says, whatever was asked for; correctly signed',
    mustDo: 'Where it has asked for a recent sign-in (max_age, or prompt=login), compare auth_time with it and refuse the ID token. ' +
      'Where it has not, there is nothing to refuse.',
    outcome: 'refuse',
    specification: step(13),
    parameters: longAgo,
    forge: (issued, forger, { seconds }) => forger.resign(issued, { payload: { auth_time: issued.payload.iat! - seconds } })
  }),
  claims({
    name: 'id-token-missing-auth-time',
    title: 'ID token that does not say when the person has signed in',
    does: 'auth_time is left out, although max_age asks for it; correctly signed',
    mustDo: 'Where it has asked for a recent sign-in (max_age), refuse an ID token without auth_time. Where it has not, there is nothing to refuse.',
    specification: core('3.1.2.1', 'AuthRequest')
  }, () => ({ auth_time: undefined }))
]

const wrongSignatures: Fault[] = [
  tokenFault({
    ...common,
    name: 'id-token-alg-none',
    title: 'ID token without a signature',
    does: 'alg is none and the signature is empty; claims and the other header parameters are perfect',
    mustDo: 'Accept no other alg than the one it is registered with. The conformance module registers for none, and is about ' +
      'accepting it; a client of this issuer is registered for a signature.',
    outcome: 'refuse',
    specification: step(7),
    conformance: 'oidcc-client-test-idtoken-sig-none',
    forge: unsigned
  }),
  tokenFault({
    ...common,
    name: 'id-token-invalid-signature',
    title: 'ID token with a bad signature',
    does: 'the last bit of the signature is the other one; header and claims are perfect',
    mustDo: 'Check the signature also where all claims are right, and refuse the ID token.',
    outcome: 'refuse',
    specification: step(6),
    conformance: 'oidcc-client-test-invalid-sig-rs256',
    forge: ({ jwt }) => spoilSignature(jwt)
  }),
  tokenFault({
    ...common,
    name: 'id-token-invalid-signature-es256',
    title: 'ID token with a bad ES256 signature',
    does: 'alg is ES256 and the signature is of a P-256 key that nobody published; kid and claims are perfect',
    mustDo: 'Refuse it: when registered for ES256 because of the signature, otherwise already because of alg.',
    outcome: 'refuse',
    specification: step(6),
    conformance: 'oidcc-client-test-invalid-sig-es256',
    forge: ({ header, payload }, forger) => forger.signWithUnpublishedKey({ header: { ...header, alg: 'ES256' }, payload })
  }),
  tokenFault({
    ...common,
    name: 'id-token-invalid-signature-hs256',
    title: 'ID token with a bad HS256 signature',
    does: 'alg is HS256 and the last bit of the HMAC with the client secret is the other one; kid and claims are perfect',
    mustDo: 'Refuse it: when registered for HS256 because of the signature, otherwise already because of alg.',
    outcome: 'refuse',
    specification: step(8),
    conformance: 'oidcc-client-test-invalid-sig-hs256',
    forge: async issued => spoilSignature(await signWithClientSecret(issued))
  }),
  tokenFault({
    ...common,
    name: 'id-token-hs256-with-public-key',
    title: 'ID token that everybody could have signed',
    does: 'alg is HS256 and the HMAC is keyed with the bytes of the published key as PEM (SubjectPublicKeyInfo, lines of 64 ' +
      'characters that end with a line feed, the last one too); kid and claims are perfect',
    mustDo: 'Choose the algorithm by its own registration and not by the header, and refuse: a public key is no secret.',
    outcome: 'refuse',
    specification: rfc(8725, '3.1'),
    forge: (issued, forger) => signHs256(issued, forger.publicKeyPem(issued))
  }),
  tokenFault({
    ...common,
    name: 'id-token-wrong-key',
    title: 'ID token signed with a key that is not the issuer\'s',
    does: 'the signature is of a key that was never published, kid names the published one; claims are perfect',
    mustDo: 'Check the signature with the published key of that kid, and refuse the ID token.',
    outcome: 'refuse',
    specification: step(6),
    forge: (issued, forger) => forger.signWithUnpublishedKey(issued)
  }),
  tokenFault({
    ...common,
    name: 'id-token-unknown-kid',
    title: 'ID token signed with a key that the JWK set does not have',
    does: 'kid is no-such-key and the signature is of a key that was never published; claims are perfect',
    mustDo: 'Fetch the JWK set again, once, as the key may be new; find none, and refuse. Never take a key from the token.',
    outcome: 'refuse',
    specification: core('10.1.1', 'RotateSigKeys'),
    forge: ({ header, payload }, forger) => forger.signWithUnpublishedKey({ header: { ...header, kid: 'no-such-key' }, payload })
  })
]

const missingKeyIds: Fault[] = [
  tokenFault({
    ...common,
    name: 'id-token-no-kid-single-key',
    title: 'ID token without kid, of an issuer with one key',
    does: 'kid is left out; correctly signed. The JWK set is as it is: one key of the alg, if none was rotated or published',
    mustDo: 'Take the only key of that alg, and accept the ID token.',
    outcome: 'succeed',
    specification: core('10.1', 'Signing'),
    conformance: 'oidcc-client-test-kid-absent-single-jwks',
    forge: (issued, forger) => forger.resign(issued, { header: { kid: undefined } })
  }),
  tokenFault({
    ...common,
    name: 'id-token-no-kid-several-keys',
    title: 'ID token without kid, of an issuer with several keys',
    does: 'kid is left out; correctly signed. The next key of the same alg is published before, and stays so after',
    mustDo: 'Refuse, since nothing says which key it is. To try each of the keys, and accept what one of them verifies, is ' +
      'allowed too; to accept it without a verified signature is not.',
    outcome: 'refuse',
    specification: core('10.1', 'Signing'),
    conformance: 'oidcc-client-test-kid-absent-multiple-jwks',
    forge: async (issued, forger) => {
      await forger.publishNext(issued)
      return forger.resign(issued, { header: { kid: undefined } })
    }
  })
]

export const idTokenFaults: Fault[] = [...wrongClaims, ...wrongTimes, ...unaskedFor, ...wrongSignatures, ...missingKeyIds]
