import { createPublicKey } from 'node:crypto'
import { compactVerify, decodeProtectedHeader, exportJWK, generateKeyPair } from 'jose'
import tap from 'tap'
import { signedWithOwnKey, signedWithPublicKey, unsigned } from '../../services/console/lessons/play/forgeries.ts'

const { publicKey } = await generateKeyPair('RS256')
const published = { ...await exportJWK(publicKey), kid: 'of-the-provider' }
const claims = { iss: 'http://idp.localhost', sub: 'alice', aud: 'shop' }
const read = (payload: Uint8Array) => JSON.parse(new TextDecoder().decode(payload))

tap.test('a token without a signature says so, and is empty where the signature would be', async t => {
  const [header = '', payload = '', signature] = unsigned(claims).split('.')
  t.strictSame(JSON.parse(Buffer.from(header, 'base64url').toString()), { alg: 'none' })
  t.strictSame(read(Buffer.from(payload, 'base64url')), claims)
  t.equal(signature, '')
})

tap.test('whoever reads the published key from a PEM file and takes it for a secret finds the signature right', async t => {
  const token = await signedWithPublicKey(claims, published)
  const pem = createPublicKey({ key: published, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
  const { payload, protectedHeader } = await compactVerify(token, Buffer.from(pem))
  t.strictSame(protectedHeader, { alg: 'HS256', kid: 'of-the-provider' })
  t.strictSame(read(payload), claims)
})

tap.test('a token by the attacker’s own key bears the name of another, whose signature it is not', async t => {
  const token = await signedWithOwnKey(claims, published.kid)
  t.strictSame(decodeProtectedHeader(token), { alg: 'RS256', kid: 'of-the-provider' })
  await t.rejects(compactVerify(token, publicKey), { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' })
})
