import { hash } from 'node:crypto'
import { compare, rfc, textOf, type SignInCheck } from '../check.ts'

const isCodeVerifier = (text: string) => /^[\w.~-]{43,128}$/.test(text)

export const codeChallenge: SignInCheck = {
  name: 'code-challenge',
  by: 'provider',
  demands: 'The code verifier is the one that the code challenge was made of: else somebody else redeems this code.',
  specification: rfc(7636, '4.6'),
  examine ({ asked, redemption }) {
    const challenge = textOf(asked['code_challenge'])
    const verifier = redemption && textOf(redemption.parameters['code_verifier'])
    if (!redemption || (challenge === undefined && verifier === undefined)) return undefined
    if (verifier !== undefined && !isCodeVerifier(verifier)) return compare(redemption, challenge, 'that of something which is no code verifier')
    const isHashed = textOf(asked['code_challenge_method']) === 'S256'
    return compare(redemption, challenge, verifier && isHashed ? hash('sha256', verifier, 'base64url') : verifier)
  }
}

export const codeChallengeMethod: SignInCheck = {
  name: 'code-challenge-method',
  by: 'relying party',
  isAboutSender: true,
  demands: 'The code challenge is a hash: who sees the request must not learn the code verifier from it.',
  specification: rfc(9700, '2.1.1'),
  examine ({ request, asked }) {
    return textOf(asked['code_challenge']) === undefined ? undefined : compare(request, 'S256', textOf(asked['code_challenge_method']) ?? 'plain, since none is named')
  }
}
