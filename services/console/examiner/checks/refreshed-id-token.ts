import { compare, core, type SignIn, type SignInCheck, type Verdict } from '../check.ts'

const specification = core('12.2', 'RefreshTokenResponse')

function continuity (name: string, demands: string, expected: (signIn: SignIn, issuer: string) => unknown): SignInCheck {
  const claim = name.slice('refreshed-id-token-'.length)
  return {
    name,
    by: 'relying party',
    demands,
    specification,
    examine (signIn, { issuer }): Verdict | undefined {
      const verdicts = signIn.refreshes.filter(({ idToken }) => idToken).map(({ message, idToken }) =>
        compare(message, expected(signIn, issuer), idToken!.payload[claim]))
      return verdicts.find(({ ok }) => !ok) ?? verdicts.at(-1)
    }
  }
}

export const refreshedIdTokenIss = continuity('refreshed-id-token-iss', 'A refreshed ID token is of the same provider.', (_signIn, issuer) => issuer)
export const refreshedIdTokenAud = continuity('refreshed-id-token-aud', 'A refreshed ID token is for the same client.', ({ clientId }) => clientId)
export const refreshedIdTokenSub = continuity('refreshed-id-token-sub', 'A refreshed ID token is about the same person.', ({ idToken }) => idToken?.payload.sub)
export const refreshedIdTokenAzp = continuity('refreshed-id-token-azp', 'A refreshed ID token names the same authorized party, or none as before.', ({ idToken }) => idToken?.payload['azp'])
