import { compare, core, textOf, type SignInCheck } from '../check.ts'

export const idTokenAcr: SignInCheck = {
  name: 'id-token-acr',
  by: 'relying party',
  demands: 'Whoever asks for a level of authentication looks at which one it was.',
  specification: core('3.1.3.7, step 12', 'IDTokenValidation'),
  examine ({ asked: { acr_values: values }, idToken, tokens }) {
    const asked = textOf(values)
    if (!idToken || asked === undefined) return undefined
    return compare(tokens!, asked.split(' ').join(' or '), idToken.payload['acr'], asked.split(' ').includes(String(idToken.payload['acr'])))
  }
}
