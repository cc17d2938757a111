import { algOf, clientOf, compare, core, type SignInCheck } from '../check.ts'

export const idTokenSignature: SignInCheck = {
  name: 'id-token-signature',
  by: 'relying party',
  demands: 'The signature is the provider’s, by the key that it published: else anybody can have written this.',
  specification: core('3.1.3.7, step 6', 'IDTokenValidation'),
  async examine ({ idToken, tokens, clientId }, knowledge) {
    const { keys, signatures } = knowledge
    if (!idToken || idToken.header.alg !== algOf(knowledge, clientId)) return undefined
    const { kid, alg } = idToken.header
    const secret = alg.startsWith('HS') ? clientOf(knowledge, clientId)?.client_secret : undefined
    const key = secret === undefined ? keys.find(key => kid === undefined ? key.alg === alg : key.kid === kid) : { kty: 'oct', k: Buffer.from(secret).toString('base64url') }
    if (!key) return undefined
    const isGood = await signatures.isOf(idToken.text, alg, key)
    return compare(tokens!, 'a signature of the provider', isGood ? 'a signature of the provider' : 'another', isGood)
  }
}
