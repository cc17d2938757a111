import { answerLate, answerPlainly, hangUp } from './broken-answers.ts'
import { answerFault, byClientAndUser, core, delay, rfc, tokenFault, type Fault } from './fault.ts'

const common = { group: 'jwks', point: 'jwks', scopes: [] } as const

// https://www.rfc-editor.org/rfc/rfc7517#section-5: what a recipient should ignore is a kty it does not know, a missing
// member, and a value out of range.
const unusable = [
  { kty: 'lab', kid: 'of-a-kind-nobody-knows', use: 'sig', lab: 'AQAB' },
  { kty: 'AKP', kid: 'of-an-algorithm-nobody-knows', use: 'sig', alg: 'ML-DSA-9999', pub: 'AQAB' },
  { kty: 'RSA', kid: 'without-a-modulus', use: 'sig', alg: 'RS256', e: 'AQAB' }
]

const keySets: Fault[] = [
  answerFault({
    ...common,
    name: 'jwks-empty',
    title: 'JWK set without a key',
    does: 'the JWK set is { "keys": [] }',
    mustDo: 'Refuse every ID token: without a key no signature can be checked.',
    outcome: 'refuse',
    specification: core('3.1.3.7, step 6', 'IDTokenValidation'),
    answer: ctx => { ctx.body = { keys: [] } }
  }),
  answerFault({
    ...common,
    name: 'jwks-unparsable-key',
    title: 'JWK set with keys that nobody can use',
    does: 'before the good keys there are one of an unknown kty, one with an unknown alg, and an RSA key without modulus',
    mustDo: 'Ignore the keys that it cannot use, and check the signature with the good one.',
    outcome: 'succeed',
    specification: rfc(7517, '5'),
    conformance: 'oidcc-client-test-ignores-unparseable-key-in-jwks',
    answer: ctx => {
      const { keys } = ctx.body as { keys: object[] }
      ctx.body = { keys: [...unusable, ...keys] }
    }
  }),
  answerFault({
    ...common,
    name: 'jwks-server-error',
    title: 'JWK set that cannot be had',
    does: 'status 500, text',
    mustDo: 'Not sign in without a checked signature; say that the identity provider has a problem, and try again later.',
    outcome: 'retry',
    specification: rfc(9110, '15.6.1'),
    answer: ctx => answerPlainly(ctx, 500, 'Internal Server Error')
  }),
  answerFault({
    ...common,
    name: 'jwks-unreachable',
    title: 'JWK set at a server that hangs up',
    does: 'the connection is closed without an answer',
    mustDo: 'Not sign in without a checked signature; say that the identity provider has a problem, and try again later.',
    outcome: 'retry',
    specification: rfc(9110, '9.2.2'),
    answer: hangUp
  }),
  answerFault({
    ...common,
    name: 'jwks-slow',
    title: 'JWK set that takes its time',
    does: 'the correct JWK set, late',
    mustDo: 'Wait for as long as a person would, and keep the set for the next sign-ins.',
    outcome: 'succeed',
    specification: core('10.1.1', 'RotateSigKeys'),
    parameters: delay,
    answer: answerLate
  })
]

const rotations: Fault[] = [
  tokenFault({
    group: 'jwks',
    point: 'id-token',
    scopes: byClientAndUser,
    name: 'jwks-rotated-before-signing',
    title: 'Key rotation just before signing',
    does: 'the key is rotated, then the ID token is signed with the new key, whose kid the header has; both keys are published',
    mustDo: 'Fetch the JWK set again for a kid that it does not know, and accept the ID token.',
    outcome: 'succeed',
    specification: core('10.1.1', 'RotateSigKeys'),
    conformance: 'oidcc-client-test-signing-key-rotation-just-before-signing',
    forge: async (issued, forger) => {
      const { kid } = await forger.rotate(issued)
      return forger.resign({ ...issued, header: { ...issued.header, kid: kid! } }, {})
    }
  }),
  tokenFault({
    group: 'jwks',
    point: 'id-token',
    scopes: byClientAndUser,
    name: 'jwks-rotated-between-sign-ins',
    title: 'Key rotation after a sign-in',
    does: 'the ID token is as it should be; then the key is rotated, so that the next one is signed with a new key',
    mustDo: 'Accept this ID token, and at the next sign-in fetch the JWK set again for the new kid.',
    outcome: 'succeed',
    specification: core('10.1.1', 'RotateSigKeys'),
    conformance: 'oidcc-client-test-signing-key-rotation',
    forge: async (issued, forger) => {
      await forger.rotate(issued)
      return issued.jwt
    }
  })
]

export const jwksFaults: Fault[] = [...keySets, ...rotations]
