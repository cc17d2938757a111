import fp from 'fastify-plugin'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { ErrorOut } from 'oidc-provider'
import { StateError } from '#lib/store/state-error.ts'
import { firstPartyApplications, type Clients } from '../clients/registered-clients.ts'
import type { Realm } from '../realm/realm.ts'
import { whyIn } from '../realm/resolve-realm.ts'

/** What a page about an error says, beside the protocol's own words. */
export interface ErrorPage {
  title: string
  meaning: string
  out: ErrorOut
  clients: { name: string, uri: string }[]
  /** it is no error at all, but a page that has been used */
  isOver: boolean
}

const meanings: Record<string, string> = {
  invalid_client: 'The application that sent you here is not registered with this identity provider.',
  invalid_redirect_uri:
    'The application asked to send you back to an address that is not registered for it. Nothing was sent there.',
  invalid_request: 'The request that the application sent is not a correct authorization request.',
  session_not_found: 'This page has expired, or it was opened in another browser than the one that started.',
  not_found: 'There is no such page here.',
  temporarily_unavailable:
    'The identity provider cannot keep or look up anything at the moment, so nothing has happened. Try again in a moment.'
}

/** The page for an error that cannot be sent back to a client. */
export function errorPage (out: ErrorOut, clients: Clients): ErrorPage {
  const known = meanings[out.error]
  return {
    title: out.error === 'session_not_found'
      ? 'This sign-in has expired'
      : out.error === 'not_found' ? 'Page not found' : 'This cannot go on',
    meaning: known ?? 'The identity provider could not do what it was asked for.',
    out,
    clients: firstPartyApplications(clients),
    isOver: false
  }
}

// "Back" after a sign-in leads to a page that has done its part.
const alreadySignedIn = { title: 'You are signed in', meaning: 'Nothing more is to be done on this page.', isOver: true }

async function isSignedIn ({ raw, realm }: FastifyRequest, reply: FastifyReply): Promise<boolean> {
  if (!realm) return false
  const { accountId } = await realm.provider.Session.get(realm.provider.createContext(raw, reply.raw))
  return accountId !== undefined
}

/** Turns what goes wrong in a route into an answer: a page for browsers, OAuth's JSON for everybody else. */
export const errorPages = fp<{ root: Realm }>(async (app, { root }) => {
  app.setNotFoundHandler((request, reply) =>
    answer(request, reply.code(404), {
      error: 'not_found', error_description: `there is nothing at ${request.originalUrl.split('?')[0]}`
    }))

  app.setErrorHandler<FastifyError & { error?: string, error_description?: string }>((failure, request, reply) => {
    const error: typeof failure = whyIn(request, failure)
    if (error instanceof StateError) {
      request.log.error(error.message)
      return answer(request, reply.code(error.statusCode).header('retry-after', '2'), { error: 'temporarily_unavailable' })
    }
    const status = error.statusCode ?? 500
    if (status >= 500) {
      request.log.error({ err: error }, 'a request failed')
      return answer(request, reply.code(status), { error: 'server_error' })
    }
    const isSessionMissing = error.error === 'invalid_request' && error.name === 'SessionNotFound'
    const code = error.error ?? (status === 404 ? 'not_found' : 'invalid_request')
    return answer(request, reply.code(status), {
      error: isSessionMissing ? 'session_not_found' : code,
      error_description: error.error_description ?? error.message
    })
  })

  async function answer (request: FastifyRequest, reply: FastifyReply, out: ErrorOut) {
    reply.header('cache-control', 'no-store')
    if (!request.headers.accept?.includes('text/html')) return reply.send(out)
    const { clients, mountPath: base } = request.realm ?? root
    const page = errorPage(out, clients)
    const isOver = out.error === 'session_not_found' && await isSignedIn(request, reply)
    return reply.viewAsync('error', isOver ? { ...page, ...alreadySignedIn, base } : { ...page, base })
  }
}, { name: 'error-pages', dependencies: ['page-setup'] })
