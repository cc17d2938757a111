/** The names of the rules that a client can be let off. */
export const ruleNames = [
  'redirect-uri-not-registered',
  'scope-not-registered',
  'openid-scope-missing',
  'pkce-missing',
  'pkce-plain',
  'prompt-none-without-session',
  'client-authentication-missing',
  'client-authentication-method',
  'client-secret-wrong',
  'code-verifier-missing',
  'code-verifier-wrong',
  'code-verifier-unasked',
  'token-request-redirect-uri',
  'code-replayed',
  'code-expired',
  'code-of-another-client',
  'refresh-token-reused',
  'refresh-token-of-another-client',
  'access-token-expired',
  'access-token-revoked',
  'access-token-made-up',
  'id-token-hint-forged',
  'post-logout-redirect-uri-not-registered'
] as const

/** The name of a rule that a client can be let off. */
export type RuleName = typeof ruleNames[number]
