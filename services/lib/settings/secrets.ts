const secretNames = new Set([
  'code', 'auth_code', 'code_verifier', 'device_code', 'user_code', 'verification_uri_complete', 'auth_req_id', 'cookie',
  'xsrf', '_csrf', 'csrf_token',
  'access_token', 'refresh_token', 'id_token', 'id_token_hint', 'login_hint_token', 'logout_token', 'token',
  'subject_token', 'actor_token', 'registration_access_token', 'initial_access_token', 'client_notification_token',
  'client_secret', 'client_assertion', 'assertion', 'dpop', 'request', 'response',
  // A whole answer that is no JSON object: a JWT, or JSON that breaks off in the middle.
  'body'
])

const password = /password|passphrase|passwd|pwd/i
const jwt = /^eyJ[\w-]+\.[\w-]*\.[\w-]*/

/** Whether this is the name of something that is kept nowhere, not even shortened. */
export const isPassword = (name: string): boolean => password.test(name)

// Genesys' API has the same names in camel case, and as members of others: `oauth.codeVerifier`.
const specifiedName = (path: string) => path.slice(path.lastIndexOf('.') + 1).replace(/[a-z][A-Z]/g, ([end, start]) => `${end}_${start!.toLowerCase()}`)

// What a message on a WebSocket calls its code.
const isStatus = (value: unknown) => Number.isInteger(value) && Number(value) < 1_000

/** Whether a parameter is a secret: by its name, or since its value looks like a JWT. `state` and `nonce` are none. */
export function isSecret (path: string, value: unknown): value is string | number {
  if (typeof value !== 'string' && (typeof value !== 'number' || isStatus(value))) return false
  return secretNames.has(specifiedName(path)) || jwt.test(String(value))
}

/** How a secret begins and how many characters it has. Of a short one less is shown, since it could be guessed from the rest. */
export function shorten (secret: string): string {
  return `${secret.slice(0, Math.min(6, Math.floor(secret.length / 4)))}…${secret.length}`
}

/** The same parameters with the secrets among them shortened. */
export function withoutSecrets<T> (parameters: Record<string, T>): Record<string, T | string> {
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) =>
    [name, isSecret(name, value) ? shorten(String(value)) : value]))
}
