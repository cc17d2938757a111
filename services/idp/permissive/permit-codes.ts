import { createHash } from 'node:crypto'
import type { AuthorizationCode, Client, Provider } from 'oidc-provider'
import { noteViolation, type PermissiveClients } from './permissive-clients.ts'
import { permitSingleUse, type Lets, type SingleUseParts } from './permit-single-use.ts'

/** Lets pass what is wrong with a code, or with what it is redeemed with. A code that was never issued stays refused. */
export function permitCodes (provider: Provider, parts: SingleUseParts): void {
  permitOmittedRedirectUri(provider.Client, parts.permissive)
  permitSingleUse<AuthorizationCode>(provider, parts, 'AuthorizationCode', {
    usedBefore: 'code-replayed',
    ofAnotherClient: 'code-of-another-client',
    putRight (code, params, lets) {
      if (lets('code-expired')) prolong(code)
      compareVerifier(code, params, lets)
      if (lets('token-request-redirect-uri')) compareRedirectUri(code, params)
    }
  })
}

// oidc-provider looks for the parameter before it looks for the code. Any URI will do: the right one is put in its place.
function permitOmittedRedirectUri ({ prototype }: typeof Client, permissive: PermissiveClients): void {
  const { grantTypeAllowed } = prototype
  prototype.grantTypeAllowed = function (grantType) {
    const params = permissive.tokenRequest('token-request-redirect-uri')?.oidc.params
    if (params?.['grant_type'] === 'authorization_code' && params['redirect_uri'] === undefined) {
      noteViolation('token-request-redirect-uri', 'there is no redirect_uri')
      params['redirect_uri'] = this.redirectUris?.[0]
    }
    return grantTypeAllowed.call(this, grantType)
  }
}

function prolong (code: AuthorizationCode): void {
  if (!code.isExpired) return
  const now = Math.floor(Date.now() / 1000)
  noteViolation('code-expired', `the code has expired ${now - code.exp!} s ago`)
  code.exp = now + 60
}

function compareVerifier (code: AuthorizationCode, params: Record<string, unknown>, lets: Lets): void {
  const { code_verifier: verifier } = params
  const { codeChallenge: challenge } = code
  const rule = challenge === undefined
    ? verifier !== undefined && 'code-verifier-unasked'
    : verifier === undefined ? 'code-verifier-missing' : !isVerifier(String(verifier), challenge) && 'code-verifier-wrong'
  if (!rule || !lets(rule)) return
  noteViolation(rule, {
    'code-verifier-missing': 'there is no code_verifier',
    'code-verifier-wrong': 'code_verifier does not match the code_challenge, or has not the form of one',
    'code-verifier-unasked': 'there is a code_verifier, but there was no code_challenge'
  }[rule])
  // Without both, there is nothing to compare.
  code.codeChallenge = undefined
  params['code_verifier'] = undefined
}

// https://www.rfc-editor.org/rfc/rfc7636#section-4.1
const isVerifier = (verifier: string, challenge: string): boolean =>
  /^[\w.~-]{43,128}$/.test(verifier) && createHash('sha256').update(verifier).digest('base64url') === challenge

function compareRedirectUri (code: AuthorizationCode, params: Record<string, unknown>): void {
  if (params['redirect_uri'] === code.redirectUri) return
  const given = String(params['redirect_uri'])
  noteViolation('token-request-redirect-uri', `redirect_uri is ${given}, that of the authorization request was ${code.redirectUri}`)
  params['redirect_uri'] = code.redirectUri
}
