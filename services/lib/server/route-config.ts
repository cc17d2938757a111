import type { FastifyContextConfig, RouteOptions } from 'fastify'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** `false` leaves it out of the log, where it would bury what happens between the services */
    log?: false
    /** `false` for what is the same for everybody: whoever asks, no session is looked up, nor lasts longer for it */
    session?: false
    /** `false` leaves it out of the ledger */
    record?: false
    /** `false` for what must be answered also while the store is away: what other replicas were told is not looked up before */
    catchUp?: false
  }
}

/** For health checks and the files of pages: no line of the log, no session, no entry of the ledger. */
export const unnoticed = { log: false, session: false, record: false } as const satisfies FastifyContextConfig

/** `onRoute` hook that gives the routes of a plugin a configuration. */
export const configureRoutes = (config: FastifyContextConfig) => (route: RouteOptions): void => {
  route.config = { ...route.config, ...config }
}
