import type { FastifyPluginAsync } from 'fastify'
import { keySetOf, sayingOf, signByOwnProvider } from '../play/own-provider.ts'

const nonceKept = 'nonce that the site sent'

/**
 * A provider of the attacker's own, which the site lets people choose beside the honest one. It sends browsers on to the honest one, and
 * waits for what the site brings to its token endpoint; or it signs people in itself, as whomever he wants.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9700#section-4.4
 */
export const rogueProviderRoutes: FastifyPluginAsync = async app => {
  app.get('/a/:attempt/idp/.well-known/openid-configuration', { config: { endpoint: 'discovery' } }, async ({ attempt: { lair } }) => ({
    issuer: `${lair}idp`,
    authorization_endpoint: `${lair}idp/auth`,
    token_endpoint: `${lair}idp/token`,
    userinfo_endpoint: `${lair}idp/me`,
    jwks_uri: `${lair}idp/jwks`
  }))

  app.get('/a/:attempt/idp/jwks', { config: { endpoint: 'jwks' } }, async ({ attempt: { state } }) => keySetOf(state.kept))

  app.get<{ Querystring: Record<string, string> }>('/a/:attempt/idp/auth', { config: { endpoint: 'authorization' } }, async ({ attempt, query }, reply) => {
    const { kept } = attempt.state
    if (sayingOf(kept)) {
      kept[nonceKept] = query['nonce'] ?? ''
      const answer = new URLSearchParams({ code: 'of-my-own', state: query['state'] ?? '', iss: `${attempt.lair}idp` })
      return reply.redirect(`${attempt.home}callback?${answer}`, 303)
    }
    // The parameters are the site's own, its client_id too: the honest provider takes them for a sign-in that the site has begun there.
    const { authorization_endpoint: endpoint } = await attempt.provider(attempt.realm.issuer).metadata()
    return reply.redirect(`${endpoint}?${new URLSearchParams(query)}`, 303)
  })

  app.post<{ Body: Record<string, string> }>('/a/:attempt/idp/token', { config: { endpoint: 'token' } }, async ({ attempt, body, headers }, reply) => {
    const { kept } = attempt.state
    const saying = sayingOf(kept)
    if (saying) {
      const idToken = await signByOwnProvider(kept, saying.kid, { iss: `${attempt.lair}idp`, sub: saying.sub, nonce: kept[nonceKept] })
      return { access_token: 'of-my-own', token_type: 'Bearer', id_token: idToken }
    }
    kept['code that the site brought'] = body['code'] ?? ''
    kept['code verifier that the site brought'] = body['code_verifier'] ?? ''
    // HTTP Basic: the site has brought its secret along with the code.
    kept['client credentials that the site brought'] = headers.authorization ?? ''
    return reply.code(400).send({ error: 'temporarily_unavailable', error_description: 'please try again later' })
  })

  app.get('/a/:attempt/idp/me', { config: { endpoint: 'userinfo' } }, async ({ attempt: { state: { kept } } }) => {
    const { sub } = sayingOf(kept) ?? { sub: 'nobody' }
    return { sub, name: 'Mallory', email: 'mallory@example.org' }
  })
}
