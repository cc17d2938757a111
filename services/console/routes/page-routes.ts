import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import view from '@fastify/view'
import { Eta } from 'eta'
import type { FastifyPluginAsync } from 'fastify'
import { configureRoutes, unnoticed } from '#lib/server/route-config.ts'
import { isBelow } from '#lib/server/stage-frames.ts'
import type { Addresses } from '#lib/settings/settings.ts'
import { lanes } from '../journeys/lanes.ts'
import { lessonPageRoutes } from '../lessons/classroom/lesson-page-routes.ts'
import type { Ledgers } from '../ledgers/ledgers.ts'
import { importedModules } from './imported-modules.ts'
import { signInRoutes } from './sign-in-as-routes.ts'

const views = join(import.meta.dirname, '..', 'views')
const files = join(import.meta.dirname, '..', 'public')

const modules = new Map<string | undefined, string[]>()

function modulesOf (page: string | undefined): string[] {
  const known = modules.get(page) ?? importedModules(files, ['realm-chooser.js', ...page === undefined ? [] : [`${page}.js`]])
  modules.set(page, known)
  return known
}

/**
 * The pages, in the order of the navigation: `views/<page>.eta` with `public/<page>.js` and `public/<page>.css`. Links from anywhere
 * may lead to them: they show themselves and have no other effect.
 */
export const pages = [
  { page: 'home', path: '/', title: 'Home' },
  { page: 'live', path: '/live', title: 'Live' },
  { page: 'controls', path: '/controls', title: 'Controls' },
  { page: 'stage', path: '/stage', title: 'Stage' },
  { page: 'lessons', path: '/lessons', title: 'Lessons' }
]

/** Further pages, to which the lessons lead. */
export const pagesOfLessons = ['/lesson', '/class', '/glossary', '/capstone']

/** The pages of the console, their files, and what runs. */
export const pageRoutes: FastifyPluginAsync<{ addresses: Addresses, ledgers: Ledgers, hasLessons: boolean }> = async (app, { addresses, ledgers, hasLessons }) => {
  app.addHook('onRoute', configureRoutes(unnoticed))
  await app.register(view, { engine: { eta: new Eta({ views }) }, root: views, defaultContext: { addresses, pages, lanes, modulesOf, isOneSite: [addresses.app, addresses.issuer].every(url => isBelow(url, addresses.console)) }, production: true })
  await app.register(fastifyStatic, { root: files, prefix: '/assets/', cacheControl: false, setHeaders: reply => { reply.header('cache-control', 'no-cache') } })
  app.get('/favicon.ico', async (_request, reply) => reply.redirect(`${addresses.console}/assets/console.svg`))
  const { app: application, issuer, genesys, console } = addresses
  app.get('/running', async () => ({
    services: ledgers.reached,
    realms: ledgers.realms.there,
    pastRealms: ledgers.realms.past,
    version: ledgers.version,
    addresses: { app: application, issuer, genesys, console }
  }))
  await app.register(signInRoutes, { addresses })
  if (hasLessons) await app.register(lessonPageRoutes)
  else app.get('/lessons', async (_request, reply) => reply.viewAsync('no-lessons', { page: 'lessons', title: 'Lessons' }))
  for (const { page, path, title } of pages.filter(({ page }) => page !== 'lessons')) app.get(path, async (_request, reply) => reply.viewAsync(page, { page, title }))
}
