/** A rule that a permissive client may break. */
export interface Rule {
  name: string
  /** what is refused when a strict client does it */
  refused: string
  /** what is done instead for a permissive one */
  instead: string
  /** URL of the section that it breaks */
  specification: string
}

const rfc = (number: number, section: string) => `https://www.rfc-editor.org/rfc/rfc${number}#section-${section}`
const core = (section: string) => `https://openid.net/specs/openid-connect-core-1_0.html#${section}`
const logout = (section: string) => `https://openid.net/specs/openid-connect-rpinitiated-1_0.html#${section}`

const all = [
  {
    name: 'redirect-uri-not-registered',
    refused: 'An authorization request with a redirect_uri that the client has not registered.',
    instead: 'The response goes there, where it is an http or https URL without a fragment.',
    specification: rfc(6749, '3.1.2.3')
  },
  {
    name: 'scope-not-registered',
    refused: 'An authorization request for a scope of this provider that the client is not registered for.',
    instead: 'The scope is granted. Not so `offline_access`.',
    specification: rfc(6749, '3.3')
  },
  {
    name: 'openid-scope-missing',
    refused: 'An authorization request without the scope openid that has a parameter of OpenID Connect, or no scope at all.',
    instead: 'The scope counts as asked for.',
    specification: core('AuthRequest')
  },
  {
    name: 'pkce-missing',
    refused: 'An authorization request without code_challenge.',
    instead: 'The code is bound to no code_verifier.',
    specification: rfc(7636, '4.4.1')
  },
  {
    name: 'pkce-plain',
    refused: 'An authorization request with code_challenge_method plain, or with none, which stands for plain.',
    instead: 'The code_challenge is taken for the code_verifier itself.',
    specification: rfc(7636, '4.2')
  },
  {
    name: 'prompt-none-without-session',
    refused: 'An authorization request with prompt=none from a browser in which nobody is signed in.',
    instead: 'There is a code for the user that login_hint names or, without one, for the first enabled user. The browser is ' +
      'not signed in thereby.',
    specification: core('AuthRequest')
  },
  {
    name: 'client-authentication-missing',
    refused: 'A request of a confidential client that does not authenticate.',
    instead: 'The client_id is believed.',
    specification: rfc(6749, '3.2.1')
  },
  {
    name: 'client-authentication-method',
    refused: 'A request of a client with a secret, where it is registered for another method.',
    instead: 'Any secret will do. An assertion in the place of a secret stays refused.',
    specification: core('ClientAuthentication')
  },
  {
    name: 'client-secret-wrong',
    refused: 'A request of a client with a wrong client_secret.',
    instead: 'The secret is taken for the right one.',
    specification: rfc(6749, '2.3.1')
  },
  {
    name: 'code-verifier-missing',
    refused: 'A token request without code_verifier for a code that has a code_challenge.',
    instead: 'The code is redeemed.',
    specification: rfc(7636, '4.6')
  },
  {
    name: 'code-verifier-wrong',
    refused: 'A token request with a code_verifier that does not match the code_challenge, or has not the form of one.',
    instead: 'The code is redeemed.',
    specification: rfc(7636, '4.6')
  },
  {
    name: 'code-verifier-unasked',
    refused: 'A token request with a code_verifier for a code that has no code_challenge.',
    instead: 'The code_verifier is not looked at.',
    specification: rfc(9700, '2.1.1')
  },
  {
    name: 'token-request-redirect-uri',
    refused: 'A token request whose redirect_uri is not that of the authorization request, or is missing.',
    instead: 'The code is redeemed.',
    specification: rfc(6749, '4.1.3')
  },
  {
    name: 'code-replayed',
    refused: 'A token request with a code that was redeemed before; what was issued for it ends.',
    instead: 'The code is redeemed again, and what was issued before stays good.',
    specification: rfc(6749, '4.1.2')
  },
  {
    name: 'code-expired',
    refused: 'A token request with a code that has expired.',
    instead: 'The code is redeemed, for ten minutes more.',
    specification: rfc(6749, '4.1.2')
  },
  {
    name: 'code-of-another-client',
    refused: 'A token request with a code that was issued to another client.',
    instead: 'There are tokens for the client that asks. To the other client, the code is as good as before.',
    specification: rfc(6749, '4.1.3')
  },
  {
    name: 'refresh-token-reused',
    refused: 'A refresh token that was used before and replaced by another; what was issued with it ends.',
    instead: 'There are tokens again, and what was issued before stays good.',
    specification: rfc(9700, '4.14.2')
  },
  {
    name: 'refresh-token-of-another-client',
    refused: 'A refresh token that was issued to another client.',
    instead: 'There are tokens for the client that asks. To the other client, the token is as good as before.',
    specification: rfc(6749, '10.4')
  },
  {
    name: 'access-token-expired',
    refused: 'A userinfo request with an access token that has expired.',
    instead: 'It is answered for another day, where the token was issued while its client was permissive.',
    specification: rfc(6750, '3.1')
  },
  {
    name: 'access-token-revoked',
    refused: 'A userinfo request with an access token that was revoked, or has ended with the session or the grant.',
    instead: 'It is answered until a day after it would have expired, where it was issued while its client was permissive.',
    specification: rfc(6750, '3.1')
  },
  {
    name: 'access-token-made-up',
    refused: 'A userinfo request with an access token that was never issued.',
    instead: 'It is answered with the first enabled user, in the name of the first permissive client. There is no client to ' +
      'ask here, so one permissive client in the realm is enough; but a token that could have been issued here, to a strict ' +
      'client perhaps, stays refused.',
    specification: rfc(6750, '3.1')
  },
  {
    name: 'id-token-hint-forged',
    refused: 'A sign-out with an id_token_hint of which this provider is not the issuer, or whose signature is wrong.',
    instead: 'It counts as genuine. (That an id_token_hint has expired is no reason to refuse it in strict mode either.)',
    specification: logout('RPLogout')
  },
  {
    name: 'post-logout-redirect-uri-not-registered',
    refused: 'A sign-out with a post_logout_redirect_uri that the client has not registered.',
    instead: 'The browser is sent there, where it is an http or https URL without a fragment.',
    specification: logout('RedirectionAfterLogout')
  }
] as const satisfies Rule[]

/** The name of a rule. */
export type RuleName = typeof all[number]['name']

/** What strictness refuses and permissive mode lets pass, in the order of a sign-in. Everything else stays refused. */
export const rules: readonly (Rule & { name: RuleName })[] = all

/** Who is permissive: true is let off all rules, a list of names these rules and no other. */
export interface LetOff { permissive?: boolean | readonly RuleName[] | undefined }

/** Whether a client is let off a rule, in a lab. */
export const isLetOff = ({ permissive = false }: LetOff, rule: RuleName): boolean =>
  typeof permissive === 'boolean' ? permissive : permissive.includes(rule)

/** Whether a client is let off any rule, in a lab. */
export const isPermissive = (client: LetOff): boolean => rules.some(({ name }) => isLetOff(client, name))

/** URL of the section that a rule is from. */
export const specificationOf = (name: RuleName): string => all.find(rule => rule.name === name)!.specification
