import { clientOf, compare, core, textOf, type SignInCheck } from '../check.ts'

export const redirectUriRegistered: SignInCheck = {
  name: 'redirect-uri-registered',
  by: 'provider',
  demands: 'A code goes nowhere but to a redirect URI that was registered, character by character.',
  specification: core('3.1.2.1', 'AuthRequest'),
  examine ({ request, asked: { redirect_uri: uri }, clientId }, knowledge) {
    const { redirect_uris: registered, application_type: type } = clientOf(knowledge, clientId) ?? {}
    const asked = textOf(uri)
    if (!registered || asked === undefined) return undefined
    const comparable = type === 'native' ? withoutLoopbackPort : String
    return compare(request, registered.join(' or '), asked, registered.map(comparable).includes(comparable(asked)))
  }
}

// A native application listens on whichever port is free: https://www.rfc-editor.org/rfc/rfc8252#section-7.3
const withoutLoopbackPort = (uri: string) => uri.replace(/^(http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])):\d+/, '$1')
