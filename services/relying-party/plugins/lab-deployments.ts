import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import createError from '@fastify/error'
import type { HostPageSwitch } from '#lib/control-api/host-page-switch.ts'
import { adviceOn } from '#lib/validation/likely-names.ts'
import type { RelyingPartyConfig } from '../config.ts'
import { cookieOf } from '../cookies.ts'

declare module 'fastify' {
  interface FastifyReply {
    /** what `@fastify/view` hands to a view, too */
    locals?: object
  }
}

const UnknownDeployment = createError('LAB_UNKNOWN_DEPLOYMENT', 'There is no deployment of this name%s', 400)

/** Ids of the deployments that the page can chat with, by the name that it calls them by: that of the settings is the first. */
export const deploymentsOf = ({ messenger, labDeployments }: RelyingPartyConfig): Map<string, string> =>
  new Map([['default', messenger.deploymentId], ...Object.entries(labDeployments)])

/**
 * For the lab alone: the page with another deployment than the settings name. The lab can switch it for everybody; a browser
 * that has chosen one itself, by `/?deployment=<name>`, keeps it until it is closed or chooses again.
 */
export const labDeployments = fp<{ config: RelyingPartyConfig, hostPage: HostPageSwitch }>(async (app, { config, hostPage }) => {
  const deployments = deploymentsOf(config)
  const { name: cookie, options } = cookieOf(config.app, 'lab-deployment')

  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.url !== '/') return
    const { deployment } = request.query as { deployment?: unknown }
    if (deployment === undefined) return
    const name = String(deployment)
    if (!deployments.has(name)) throw new UnknownDeployment(adviceOn(name, deployments.keys()))
    if (name === hostPage.deployment) reply.clearCookie(cookie, options)
    else reply.setCookie(cookie, name, options)
    return reply.header('cache-control', 'no-store').redirect(`${config.app}/`, 303)
  })

  app.addHook('preHandler', async (request, reply) => {
    if (request.routeOptions.url !== '/') return
    const chosen = chosenBy(request)
    reply.locals = { deployments: [...deployments.keys()].map(name => ({ name, isChosen: name === chosen })) }
  })

  app.addHook('preSerialization', async (request, _reply, payload) => {
    if (request.routeOptions.url !== '/messenger/config') return payload
    return { ...payload as object, deploymentId: deployments.get(chosenBy(request)) }
  })

  function chosenBy ({ cookies }: FastifyRequest): string {
    const named = cookies[cookie]
    // It may be the name of one that was in the settings once.
    return named !== undefined && deployments.has(named) ? named : hostPage.deployment!
  }
}, { name: 'lab-deployments', dependencies: ['browser-session'] })
