import fp from 'fastify-plugin'
import { recorder } from '#lib/ledger/recorder.ts'
import { describeHttpExchange } from './describe-http-exchange.ts'

const labPath = /^(\/realms\/[^/]+)?\/lab([/?]|$)/

/**
 * Fastify plugin that records what an issuer is asked, in the ledger of its realm. To be registered after what finds the
 * realm. Health, files of pages and the lab itself are left out.
 */
export const recordHttpExchanges = fp(async app => {
  await app.register(recorder, {
    ledgerOf: request => labPath.test(request.url) ? undefined : request.realm.instruments?.ledger,
    clockOf: ({ realm }) => realm.instruments?.clock,
    // It has another value after each sign-in and sign-out.
    isSession: cookie => /^_session(\.|$)/.test(cookie) && !cookie.endsWith('.sig'),
    describe: describeHttpExchange
  })
}, { name: 'record-http-exchanges' })
