import cookie from '@fastify/cookie'
import { fastifySSE } from '@fastify/sse'
import { answerJsonError } from '#lib/control-api/json-errors.ts'
import { health } from '#lib/server/health.ts'
import { buildServer, type Server } from '#lib/server/http-server.ts'
import { sameSiteOnly } from '#lib/server/same-site.ts'
import { securityHeadersFor, transportSecurityOf } from '#lib/server/security-headers.ts'
import { withoutTrailingSlash } from '#lib/settings/settings.ts'
import { openStore } from '#lib/store/open-store.ts'
import type { ConsoleConfig } from './config.ts'
import { Journeys } from './journeys/journeys.ts'
import { Examiner } from './examiner/examiner.ts'
import { JourneyPresenter } from './exports/presented-journey.ts'
import { HostPageClient } from './host-page/host-page-client.ts'
import { Ledgers } from './ledgers/ledgers.ts'
import { carelessSite } from './lessons/careless/careless-site.ts'
import { attemptRoutes } from './lessons/classroom/attempt-routes.ts'
import { learnerRoutes } from './lessons/classroom/learner-routes.ts'
import { openClassroom } from './lessons/classroom/classroom.ts'
import { evilSite } from './lessons/evil/evil-site.ts'
import { controlApiRoutes } from './routes/control-api-routes.ts'
import { hostPageRoutes } from './routes/host-page-routes.ts'
import { journeyApiRoutes } from './routes/journey-api-routes.ts'
import { pageRoutes, pages, pagesOfLessons } from './routes/page-routes.ts'

/**
 * The console: the face of the lab. It reads the ledgers of the three services, server to server; browsers talk to it alone.
 * There is no sign-in, so pages of other sites are refused.
 */
export async function buildConsole (config: ConsoleConfig): Promise<Server> {
  const app = buildServer(config)
  const journeys = new Journeys()
  const ledgers = new Ledgers({ 'relying-party': config.app, idp: withoutTrailingSlash(config.issuer), genesys: config.genesys }, journeys)
  const examiner = new Examiner(config)
  const presenter = new JourneyPresenter(journeys, examiner, config)
  // There is one console, so nobody shares what it keeps.
  const store = await openStore({ name: config.name, stateFolder: config.stateFolder })
  app.addHook('preClose', async () => ledgers.close())
  app.addHook('onClose', async () => store.close())
  const classroom = config.lessons && openClassroom({ store, sites: { ...config.lessons, issuer: config.issuer, app: config.app }, journeys, stateFolder: config.stateFolder })

  const headers = securityHeadersFor(() => [], () => ({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'blob:'],
        connectSrc: ["'self'"],
        // The stage.
        frameSrc: ["'self'", ...new Set([config.app, config.issuer, config.genesys].map(url => new URL(url).origin))],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'self'"],
        requireTrustedTypesFor: ["'script'"]
      }
    },
    referrerPolicy: { policy: 'no-referrer' },
    strictTransportSecurity: transportSecurityOf(config.url)
  }))
  app.setErrorHandler(answerJsonError)
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ error: 'not_found', error_description: `there is nothing at ${request.originalUrl.split('?')[0]}` }))
  await app.register(health)

  await app.register(async guarded => {
    guarded.addHook('onRequest', async (_request, reply) => { reply.headers({ ...headers(), 'cache-control': 'no-store' }) })
    guarded.addHook('onRequest', sameSiteOnly(config.url, { pages: [...pages.map(({ path }) => path), ...pagesOfLessons], query: 'any' }))
    await guarded.register(cookie)
    await guarded.register(fastifySSE)
    await guarded.register(pageRoutes, { addresses: config, ledgers, hasLessons: classroom !== undefined })
    if (classroom) {
      await guarded.register(attemptRoutes, { classroom, url: config.url })
      await guarded.register(learnerRoutes, { classroom })
    }
    await guarded.register(hostPageRoutes, { hostPage: new HostPageClient(config) })
    await guarded.register(controlApiRoutes, { issuer: config.issuer })
    await guarded.register(journeyApiRoutes, { journeys, ledgers, examiner, presenter })
  })
  // On hosts of their own, with none of the console's guards: they are attacked.
  if (classroom && config.lessons) {
    await app.register(carelessSite, { attempts: classroom.attempts, url: config.lessons.careless })
    await app.register(evilSite, { attempts: classroom.attempts, url: config.lessons.evil, careless: config.lessons.careless })
  }
  return app
}
