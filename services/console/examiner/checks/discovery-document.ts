import type { MessageCheck, Specification } from '../check.ts'

const required = [
  'issuer', 'authorization_endpoint', 'token_endpoint', 'jwks_uri', 'response_types_supported', 'subject_types_supported',
  'id_token_signing_alg_values_supported'
]
const discovery = (section: string, anchor: string): Specification =>
  ({ section: `OpenID Connect Discovery 1.0, section ${section}`, url: `https://openid.net/specs/openid-connect-discovery-1_0.html#${anchor}` })
const isDocument = (message: { status: number, answerHeaders: Record<string, unknown> }) =>
  message.status === 200 && String(message.answerHeaders['content-type']).startsWith('application/json')

export const discoveryIssuer: MessageCheck = {
  name: 'discovery-issuer',
  by: 'relying party',
  endpoint: 'discovery',
  demands: 'The document is about the issuer that was asked for.',
  specification: discovery('4.3', 'ProviderConfigurationValidation'),
  examine: (message, { issuer }) => !isDocument(message) || message.answer['issuer'] === undefined
    ? undefined
    : { ok: message.answer['issuer'] === issuer, expected: issuer, found: String(message.answer['issuer']) }
}

export const discoveryFields: MessageCheck = {
  name: 'discovery-fields',
  by: 'relying party',
  endpoint: 'discovery',
  demands: 'The document has what it must have.',
  specification: discovery('3', 'ProviderMetadata'),
  examine (message) {
    if (!isDocument(message)) return undefined
    const missing = required.filter(name => message.answer[name] === undefined)
    return { ok: missing.length === 0, expected: required.join(', '), found: missing.length === 0 ? 'all of them' : `no ${missing.join(', ')}` }
  }
}
