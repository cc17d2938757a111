import { createServer, type RequestListener } from 'node:http'
import express from 'express'
import { Provider, type ClientMetadata, type Configuration } from 'oidc-provider'
import type { Test } from 'tap'
import { startTlsServer } from '../../lib/tls.ts'
import { ours, type FreeAddresses } from './relying-party.ts'

/** What came to an endpoint of the provider. */
export interface Received {
  path: string
  authorization: string
  /** of the query */
  query: Record<string, string>
  /** of the form */
  body: Record<string, string>
  /** what it understood them to ask for */
  understood: Record<string, unknown>
}

interface Options {
  configuration?: Configuration
  /** what is registered of the relying party beside the usual */
  client?: Partial<ClientMetadata>
  /** path of the issuer, such as `/tenant/` */
  path?: string
  /** with a certificate of the tests' own authority */
  tls?: boolean
  /** change the provider before it answers anybody */
  prepare?: (provider: Provider) => void
}

/** A provider, and all that has come to it, oldest first. */
export interface BareProvider {
  issuer: string
  received: Received[]
  /** what came to one endpoint */
  at (path: string): Received[]
}

/**
 * `oidc-provider` with its in-memory adapter and its pages for development, configured as some product might be. Whoever
 * signs in is who they say they are.
 */
export async function startBareProvider (
  t: Test, { ports, app, idp }: FreeAddresses, options: Options = {}
): Promise<BareProvider> {
  // It says on the console what is for development alone, which is known here.
  t.capture(console, 'info')
  t.capture(console, 'warn')
  const { path = '', tls = false, configuration, client, prepare } = options
  const application = express()
  const origin = tls ? await startTlsServer(t, application) : idp
  const issuer = `${origin}${path}`
  const provider = new Provider(issuer, {
    clients: [{ ...registeredAt(app), ...client }, messengerAt(app)],
    findAccount: (_ctx, accountId) => ({ accountId, claims: () => claimsOf(accountId) }),
    claims: { openid: ['sub'], profile: ['name'], email: ['email'] },
    ...configuration
  })
  prepare?.(provider)
  const received = record(provider)
  application.use(path || '/', provider.callback())
  if (!tls) await listen(t, Number(ports.IDP_PORT), application)
  return { issuer, received, at: endpoint => received.filter(({ path }) => path === endpoint) }
}

const registeredAt = (app: string): ClientMetadata => ({
  client_id: ours.clientId,
  client_secret: ours.clientSecret,
  redirect_uris: [`${app}/callback`],
  post_logout_redirect_uris: [`${app}/logout/callback`],
  grant_types: ['authorization_code', 'refresh_token']
})

const messengerAt = (app: string): ClientMetadata => ({
  client_id: 'genesys-messenger',
  client_secret: 'a-secret-that-only-genesys-knows',
  redirect_uris: [`${app}/messenger/callback`]
})

export const claimsOf = (sub: string) => ({ sub, name: 'Ada Lovelace', email: `${sub}@example.com` })

function record (provider: Provider): Received[] {
  const received: Received[] = []
  provider.use(async (ctx, next) => {
    await next()
    received.push({
      path: ctx.path,
      authorization: ctx.get('authorization'),
      query: { ...ctx.query } as Record<string, string>,
      body: { ...ctx.oidc?.body } as Record<string, string>,
      understood: { ...ctx.oidc?.params }
    })
  })
  return received
}

/** Listen until the test is over. */
export async function listen (t: Test, port: number, listener: RequestListener): Promise<void> {
  const server = createServer(listener)
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  t.teardown(() => new Promise(resolve => {
    server.close(resolve)
    server.closeAllConnections()
  }))
}
