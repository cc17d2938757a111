import { createHash } from 'node:crypto'
import type { FastifyPluginAsync } from 'fastify'
import { gameClientId } from '../attempts/clients.ts'
import { Provider } from '../careless/provider.ts'

const client = { id: gameClientId, secret: `lab-only-secret-of-${gameClientId}` }

// Of one game for everybody: it has nothing to protect.
const codeVerifier = 'the-game-has-nothing-to-protect-so-this-is-always-the-same'
const challengeOfVerifier = createHash('sha256').update(codeVerifier).digest('base64url')

/** A game of the attacker's to which people sign in with the same provider: an honest client, as far as the provider can see. */
export const gameRoutes: FastifyPluginAsync = async app => {
  app.get('/a/:attempt/game/login', { config: { endpoint: 'login' } }, async ({ attempt }, reply) => {
    const { authorization_endpoint: endpoint } = await new Provider(attempt.realm.issuer, 'evil').metadata()
    return reply.redirect(`${endpoint}?${new URLSearchParams({
      client_id: gameClientId,
      response_type: 'code',
      redirect_uri: `${attempt.lair}game/callback`,
      scope: 'openid profile email',
      state: 'game',
      nonce: 'game',
      code_challenge: challengeOfVerifier,
      code_challenge_method: 'S256'
    })}`, 303)
  })

  app.get<{ Querystring: { code?: string } }>('/a/:attempt/game/callback', { config: { endpoint: 'callback' } }, async ({ attempt, query }, reply) => {
    const { id_token: idToken, access_token: accessToken } = await new Provider(attempt.realm.issuer, 'evil').tokens({
      grant_type: 'authorization_code', code: query.code ?? '', redirect_uri: `${attempt.lair}game/callback`, code_verifier: codeVerifier
    }, client)
    attempt.state.kept['ID token of the game'] = idToken
    attempt.state.kept['access token of the game'] = accessToken
    return reply.viewAsync('game', { title: 'Free Fish Game' })
  })
}
