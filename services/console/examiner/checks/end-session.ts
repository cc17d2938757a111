import { clientOf, textOf, words, type MessageCheck, type Specification } from '../check.ts'
import { tokenOf } from '../sign-ins.ts'

const logout = (section: string, anchor: string): Specification =>
  ({ section: `OpenID Connect RP-Initiated Logout 1.0, section ${section}`, url: `https://openid.net/specs/openid-connect-rpinitiated-1_0.html#${anchor}` })

const common = { by: 'provider', endpoint: 'end_session', showsItself: true } as const

const a = 'an ID token of this provider'

export const idTokenHint: MessageCheck = {
  ...common,
  name: 'id-token-hint',
  demands: 'The hint at a sign-out is an ID token of this provider: else anybody can have written it.',
  specification: logout('2', 'RPLogout'),
  async examine ({ parameters }, { issuer, keys, signatures }) {
    const hint = textOf(parameters['id_token_hint'])
    if (hint === undefined) return undefined
    const { header, payload } = tokenOf(hint) ?? {}
    if (payload?.iss !== issuer) return { ok: false, expected: a, found: `one of ${words(payload?.iss)}` }
    const key = keys.find(({ kid }) => kid === header?.kid)
    // Long after it was issued its key may be gone.
    if (!key || header?.alg === undefined) return undefined
    const ok = await signatures.isOf(hint, header.alg, key)
    return { ok, expected: a, found: ok ? a : 'one that is not signed by it' }
  }
}

export const idTokenHintClient: MessageCheck = {
  ...common,
  name: 'id-token-hint-client',
  demands: 'The hint is an ID token of the client that asks for the sign-out.',
  specification: logout('2', 'RPLogout'),
  examine ({ parameters }) {
    const [client, token] = [textOf(parameters['client_id']), tokenOf(parameters['id_token_hint'])]
    if (client === undefined || !token) return undefined
    return { ok: [token.payload.aud].flat().includes(client), expected: client, found: words(token.payload.aud) }
  }
}

export const idTokenHintSession: MessageCheck = {
  ...common,
  name: 'id-token-hint-session',
  demands: 'The hint is of the session that is there; where it is of another, somebody else is about to be signed out, and the person is asked.',
  specification: logout('2', 'RPLogout'),
  examine ({ parameters: { id_token_hint: hint }, session }, _knowledge, index) {
    const issued = index.at('token').find(({ answer }) => hint !== undefined && answer['id_token'] === hint)
    if (issued?.session === undefined || session === undefined) return undefined
    const isSame = issued.session === session
    return { ok: isSame, expected: 'one of this session', found: isSame ? 'one of this session' : 'one of another session' }
  }
}

export const postLogoutRedirectUri: MessageCheck = {
  ...common,
  name: 'post-logout-redirect-uri',
  demands: 'After a sign-out a browser is sent nowhere but to an address that was registered for that.',
  specification: logout('3', 'RedirectionAfterLogout'),
  examine ({ parameters, client_id: id }, knowledge) {
    const [asked, registered] = [textOf(parameters['post_logout_redirect_uri']), clientOf(knowledge, id)?.post_logout_redirect_uris]
    return asked === undefined || !registered ? undefined : { ok: registered.includes(asked), expected: registered.join(' or '), found: asked }
  }
}
