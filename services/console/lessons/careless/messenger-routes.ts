import { randomBytes } from 'node:crypto'
import type { FastifyPluginAsync } from 'fastify'
import { messengerClientId } from '../attempts/clients.ts'
import { decode } from './id-token.ts'
import { Refused } from './refused.ts'
import { cookieOptions, sessionOf } from './sessions.ts'

const random = () => randomBytes(32).toString('base64url')
const maxMessages = 20
const client = { id: messengerClientId, secret: `lab-only-secret-of-${messengerClientId}` }

/** The second code: the chat gets to know who chats. The site takes the part of the chat's own server as well, and of the agent's screen. */
export const messengerRoutes: FastifyPluginAsync = async app => {
  app.get('/a/:attempt/messenger/login', { config: { endpoint: 'messenger_login' } }, async (request, reply) => {
    const { attempt, cookies } = request
    const found = sessionOf(request)
    if (!found) throw new Refused('Nobody is signed in who could chat.')
    const checks = await attempt.checks()
    const [state, nonce, codeVerifier, browser] = [random(), random(), random(), cookies['browser'] ?? random()]
    const challenge = checks.sendsPkce(codeVerifier)
    attempt.memory.transactions[state] = {
      state, nonce, codeVerifier, browser, sentChallenge: 'code_challenge' in challenge, returnTo: `${attempt.home}messenger`, issuer: attempt.realm.issuer, session: found.id
    }
    const { authorization_endpoint: endpoint } = await attempt.provider(attempt.realm.issuer).metadata()
    reply.setCookie('browser', browser, cookieOptions(attempt))
    return reply.redirect(`${endpoint}?${new URLSearchParams({
      client_id: messengerClientId,
      response_type: 'code',
      redirect_uri: `${attempt.home}messenger/callback`,
      scope: 'openid profile',
      prompt: 'none',
      // Whoever is signed in at the provider may be somebody else by now. https://openid.net/specs/openid-connect-core-1_0.html#IndividualClaimsRequests
      claims: JSON.stringify({ id_token: { sub: { value: found.session.sub } } }),
      state,
      nonce,
      ...challenge
    })}`, 303)
  })

  app.get<{ Querystring: { code?: string, state?: string, error?: string } }>('/a/:attempt/messenger/callback', { config: { endpoint: 'messenger_callback' } }, async (request, reply) => {
    const { attempt, query, cookies } = request
    const found = sessionOf(request)
    if (!found) throw new Refused('Nobody is signed in who could chat.')
    const { transactions } = attempt.memory
    const transaction = transactions[query.state ?? '']
    if (!transaction || query.code === undefined) throw new Refused(`There is no code for the chat: ${query.error ?? 'nobody has asked for one'}.`)
    const checks = await attempt.checks()
    checks.bindsMessengerCode(transaction, cookies['browser'], found.id)
    delete transactions[transaction.state]

    const provider = attempt.provider(attempt.realm.issuer)
    const { id_token: idToken, access_token: accessToken } = await provider.tokens({
      grant_type: 'authorization_code',
      code: query.code,
      redirect_uri: `${attempt.home}messenger/callback`,
      ...(transaction.sentChallenge && { code_verifier: transaction.codeVerifier })
    }, client)
    const { sub } = decode(idToken).claims
    const { name = sub } = await provider.userinfo(accessToken)
    found.session.chatsAs = { sub, name }
    return reply.redirect(transaction.returnTo, 303)
  })

  app.post<{ Body: { text?: string } }>('/a/:attempt/messenger', { config: { endpoint: 'chat_message' } }, async (request, reply) => {
    const { attempt, body } = request
    const { chatsAs } = sessionOf(request)?.session ?? {}
    if (!chatsAs) throw new Refused('The chat does not know who is writing.')
    const said = attempt.memory.chats[chatsAs.sub] ??= []
    said.push(String(body?.text ?? '').slice(0, 400))
    said.splice(0, said.length - maxMessages)
    return reply.redirect(`${attempt.home}messenger`, 303)
  })

  app.get('/a/:attempt/messenger', { config: { endpoint: 'messenger' } }, async (request, reply) => {
    const found = sessionOf(request)
    if (!found) throw new Refused('Nobody is signed in who could chat.')
    const { attempt: { home, memory: { chats } } } = request
    const { account, session: { chatsAs } } = found
    return reply.viewAsync('messenger', { title: 'Chat', home, account, chatsAs, said: chatsAs && chats[chatsAs.sub] })
  })
}
