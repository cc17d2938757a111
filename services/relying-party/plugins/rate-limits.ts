import rateLimit, { type FastifyRateLimitStore } from '@fastify/rate-limit'
import type { RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import type { Store, WindowCounter } from '#lib/store/store.ts'

/** Rate limits, as they are written at the routes that have one. All processes on the store count together. */
export const rateLimits = fp<{ store: Store }>(async (app, { store }) => {
  // Those of `@fastify/rate-limit` count each process for itself, or end their windows by the time of day.
  class Windows implements FastifyRateLimitStore {
    readonly #counter: WindowCounter | undefined

    constructor ({ routeInfo, timeWindow = 0 }: { routeInfo?: RouteOptions, timeWindow?: number }) {
      if (routeInfo) this.#counter = store.windowCounter(`${String(routeInfo.method)} ${routeInfo.url}`, timeWindow / 1_000)
    }

    incr (key: string, callback: Parameters<FastifyRateLimitStore['incr']>[1]): void {
      this.#counter!.count(key).then(({ count, msLeft }) => callback(null, { current: count, ttl: msLeft }), callback)
    }

    /** Each route counts its own. */
    child (route: object): Windows {
      return new Windows(route)
    }
  }
  await app.register(rateLimit, { global: false, store: Windows })
}, { name: 'rate-limits' })
