import { clientOf, compare, rfc, textOf, type SignInCheck } from '../check.ts'

export const codeBound: SignInCheck = {
  name: 'code-bound',
  by: 'relying party',
  isAboutSender: true,
  demands: 'The code works in this sign-in alone, by PKCE, or where the client has a secret by a nonce: else a stolen one can be put into another browser.',
  specification: rfc(9700, '2.1.1'),
  examine ({ request, asked, clientId }, knowledge) {
    const method = clientOf(knowledge, clientId)?.token_endpoint_auth_method
    if (method === undefined) return undefined
    const enough = method === 'none' ? ['code_challenge'] : ['code_challenge', 'nonce']
    const found = enough.filter(name => textOf(asked[name]) !== undefined)
    return compare(request, enough.join(' or '), found.length > 0 ? found.join(' and ') : undefined, found.length > 0)
  }
}
