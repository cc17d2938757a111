import type { Message } from '../../journeys/message.ts'
import { algOf, words, type Knowledge, type MessageCheck, type Token } from '../check.ts'
import type { MessageIndex } from '../message-index.ts'
import { tokenOf } from '../sign-ins.ts'

const event = 'http://schemas.openid.net/event/backchannel-logout'
const specification = {
  section: 'OpenID Connect Back-Channel Logout 1.0, section 2.6', url: 'https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation'
}

type Finding = { expected: unknown, found: unknown, ok?: boolean } | undefined

function logoutTokenCheck (
  name: string, demands: string, look: (token: Token, message: Message, knowledge: Knowledge, index: MessageIndex) => Finding | Promise<Finding>
): MessageCheck {
  return {
    name,
    by: 'relying party',
    endpoint: 'backchannel_logout',
    showsItself: true,
    demands,
    specification,
    async examine (message, knowledge, index) {
      const token = logoutTokenOf(message)
      const finding = token && await look(token, message, knowledge, index)
      return finding && { ok: finding.ok ?? finding.expected === finding.found, expected: words(finding.expected), found: words(finding.found) }
    }
  }
}

// Decoded once, though each is compared with all before it.
const decoded = new WeakMap<Message, Token | undefined>()

function logoutTokenOf (message: Message): Token | undefined {
  if (!decoded.has(message)) decoded.set(message, tokenOf(message.parameters['logout_token']))
  return decoded.get(message)
}

export const logoutTokenAlg = logoutTokenCheck('logout-token-alg', 'The signature algorithm is the one that was registered.',
  ({ header }, message, knowledge) => ({ expected: algOf(knowledge, message.client_id), found: header.alg }))

export const logoutTokenSignature = logoutTokenCheck('logout-token-signature', 'The signature is the provider’s: else anybody can end anybody’s session.',
  async ({ text, header }, message, knowledge) => {
    const key = knowledge.keys.find(({ kid }) => kid === header.kid)
    if (!key || header.alg !== algOf(knowledge, message.client_id)) return undefined
    const ok = await knowledge.signatures.isOf(text, header.alg, key)
    return { expected: 'a signature of the provider', found: ok ? 'a signature of the provider' : 'another', ok }
  })

export const logoutTokenIss = logoutTokenCheck('logout-token-iss', 'The logout token is of the provider that signed the person in.',
  ({ payload }, _message, { issuer }) => ({ expected: issuer, found: payload.iss }))

export const logoutTokenAud = logoutTokenCheck('logout-token-aud', 'The logout token is for this client.',
  ({ payload }, { client_id: id }) => id === undefined ? undefined : { expected: id, found: payload.aud, ok: [payload.aud].flat().includes(id) })

export const logoutTokenEvent = logoutTokenCheck('logout-token-event', 'It is a logout token and no other kind of token.',
  ({ payload }) => ({ expected: event, found: payload['events'], ok: Object.hasOwn(Object(payload['events']), event) }))

export const logoutTokenNonce = logoutTokenCheck('logout-token-nonce', 'A logout token has no nonce, so that none can pass for an ID token.',
  ({ payload }) => ({ expected: undefined, found: payload['nonce'] }))

export const logoutTokenOnce = logoutTokenCheck('logout-token-once', 'A logout token works once.',
  ({ payload: { jti } }, message, _knowledge, index) => {
    const sent = index.at('backchannel_logout')
    const before = sent.slice(0, sent.indexOf(message)).some(other => logoutTokenOf(other)?.payload.jti === jti)
    return { expected: 'a new one', found: before ? 'one that was here before' : 'a new one' }
  })
