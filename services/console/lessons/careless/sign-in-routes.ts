import { randomBytes } from 'node:crypto'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { clientId } from '../attempts/clients.ts'
import { readIdToken } from './read-id-token.ts'
import { writeDebugLog } from './log.ts'
import { Refused } from './refused.ts'
import { beginSession, cookieOptions, sessionOf } from './sessions.ts'

interface AuthorizationResponse { code?: string, state?: string, iss?: string, error?: string, error_description?: string }

const random = () => randomBytes(32).toString('base64url')
const maxTransactions = 100

/** The provider that a sign-in is to be at: that of the realm, or the attacker's own, which the site knows too. */
const issuerAt = ({ attempt }: FastifyRequest, at: string | undefined) => at === 'evil' ? `${attempt.lair}idp` : attempt.realm.issuer

/** Signing in: the authorization request and its answer. */
export const signInRoutes: FastifyPluginAsync = async app => {
  app.get<{ Querystring: { return_to?: string, at?: string } }>('/a/:attempt/login', { config: { endpoint: 'login' } }, async (request, reply) => {
    const { attempt, query, cookies } = request
    const checks = await attempt.checks()
    const issuer = issuerAt(request, query.at)
    const browser = cookies['browser'] ?? random()
    const [state, nonce, codeVerifier] = [random(), random(), random()]
    const challenge = checks.sendsPkce(codeVerifier)
    const { transactions } = attempt.memory
    transactions[state] = {
      state,
      nonce,
      codeVerifier,
      sentChallenge: 'code_challenge' in challenge,
      browser,
      issuer,
      returnTo: checks.limitsReturnTo(query.return_to, attempt.home)
    }
    for (const eldest of Object.keys(transactions).slice(0, -maxTransactions)) delete transactions[eldest]
    const { authorization_endpoint: endpoint } = await attempt.provider(issuer).metadata()
    reply.setCookie('browser', browser, cookieOptions(attempt))
    return reply.redirect(`${endpoint}?${new URLSearchParams({
      client_id: clientId,
      response_type: 'code',
      redirect_uri: `${attempt.home}callback`,
      scope: 'openid profile email',
      state,
      nonce,
      ...challenge
    })}`, 303)
  })

  app.get<{ Querystring: AuthorizationResponse }>('/a/:attempt/callback', { config: { endpoint: 'callback' } }, async (request, reply) => {
    const { attempt, query, cookies } = request
    const checks = await attempt.checks()
    const { transactions } = attempt.memory

    const transaction = transactions[query.state ?? '']
    if (!transaction) throw new Refused('Nobody has begun this sign-in, or it is over.')
    checks.bindsState(transaction, cookies['browser'])
    checks.comparesIssParameter(query.iss, transaction)
    delete transactions[transaction.state]
    if (query.code === undefined) throw new Refused(`The provider has refused: ${query.error_description ?? query.error ?? 'it does not say why'}`)

    const provider = attempt.provider(transaction.issuer)
    const form = {
      grant_type: 'authorization_code',
      code: query.code,
      redirect_uri: `${attempt.home}callback`,
      ...(transaction.sentChallenge && { code_verifier: transaction.codeVerifier })
    }
    writeDebugLog(attempt, `token request: ${new URLSearchParams(form)}`)
    const tokens = await provider.tokens(form, attempt.client)
    const claims = await readIdToken(attempt, checks, transaction.issuer, tokens.id_token)
    checks.comparesNonce(claims, transaction)
    const profile = await provider.userinfo(tokens.access_token)
    checks.comparesUserinfoSub(profile, claims)

    beginSession(request, reply, checks, { claims, profile, tokens })
    return reply.redirect(transaction.returnTo, 303)
  })

  // New tokens, as each page of the site asks for them that shows something of the provider's.
  app.get('/a/:attempt/offers', { config: { endpoint: 'refresh' } }, async (request, reply) => {
    const { attempt } = request
    const found = sessionOf(request)
    if (!found) throw new Refused('Nobody is signed in.')
    const { session } = found
    const provider = attempt.provider(attempt.realm.issuer)
    const checks = await attempt.checks()
    // Not before anything that is waited for: another page may have spent it meanwhile.
    const spent = session.refreshToken
    if (spent === undefined) throw new Refused('There is no refresh token in this session.')
    try {
      await checks.refreshesOnce(spent, async () => {
        const form = { grant_type: 'refresh_token', refresh_token: spent }
        writeDebugLog(attempt, `token request: ${new URLSearchParams(form)}`)
        const tokens = await provider.tokens(form, attempt.client)
        session.accessToken = tokens.access_token
        session.refreshToken = tokens.refresh_token ?? spent
      })
    } catch (error) {
      // Whoever is not known to the provider any more is not signed in here either.
      delete attempt.memory.sessions[found.id]
      throw error
    }
    return reply.viewAsync('offers', { title: 'Offers for you', home: attempt.home, account: found.account })
  })
}
