import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { Refused } from './refused.ts'
import { sessionOf } from './sessions.ts'

const signedIn = (request: FastifyRequest) => {
  const found = sessionOf(request)
  if (!found) throw new Refused('Nobody is signed in.')
  return found
}

const maxReviews = 20

/** What a shop is for: a first page with reviews, and an account. */
export const shopRoutes: FastifyPluginAsync = async app => {
  app.get('/a/:attempt/', { config: { endpoint: 'home' } }, async (request, reply) => {
    const { attempt } = request
    const { keepsTokensOnServer } = await attempt.checks()
    const found = sessionOf(request)
    return reply.viewAsync('home', {
      title: 'Old Harbour Kayaks',
      home: attempt.home,
      account: found?.account,
      here: Object.keys(attempt.memory.sessions).length,
      forScripts: found && keepsTokensOnServer(found.session, found.account.name),
      reviews: attempt.memory.reviews
    })
  })

  app.get('/a/:attempt/account', { config: { endpoint: 'account' } }, async (request, reply) => {
    const { account } = signedIn(request)
    return reply.viewAsync('account', { title: 'Your account', home: request.attempt.home, account })
  })

  app.post<{ Body: { card?: string } }>('/a/:attempt/account/card', { config: { endpoint: 'card' } }, async (request, reply) => {
    const { account } = signedIn(request)
    account.card = String(request.body?.card ?? '').slice(0, 40)
    return reply.redirect(`${request.attempt.home}account`, 303)
  })

  // Reviews are shown as they were written, markup and all: each site has such a place sooner or later.
  app.post<{ Body: { text?: string } }>('/a/:attempt/reviews', { config: { endpoint: 'review' } }, async (request, reply) => {
    const { account } = signedIn(request)
    const { reviews } = request.attempt.memory
    reviews.push({ by: account.name, text: String(request.body?.text ?? '').slice(0, 2_000) })
    reviews.splice(0, reviews.length - maxReviews)
    return reply.redirect(request.attempt.home, 303)
  })
}
