import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { OAuth2Server } from 'oauth2-mock-server'
import { Provider, type Configuration } from 'oidc-provider'
import type { Test } from 'tap'
import type { Identity } from '../../scripts/strictness/client/probing-client.ts'
import { probes } from '../../scripts/strictness/probes/all-probes.ts'
import { probeProvider } from '../../scripts/strictness/probe-provider.ts'
import { takeKeysFromFile } from '../helpers/keys.ts'
import { carelessProvider } from './careless-provider.ts'

export const identity = {
  clientId: 'client',
  clientSecret: 'a-secret-for-this-test-alone',
  redirectUri: 'http://app.localhost:3000/callback',
  username: 'alice',
  password: 'any-password',
  secondUser: { username: 'bob', password: 'any-password' },
  second: { clientId: 'other-client', clientSecret: 'another-secret-for-this-test' }
}

type PrepareMock = (server: OAuth2Server) => RequestListener

const metadataOf = ({ clientId, clientSecret }: typeof identity.second) => ({
  client_id: clientId, client_secret: clientSecret, redirect_uris: [identity.redirectUri]
})

/** The client, as oidc-provider takes it. */
export const registered = metadataOf(identity)
const registeredSecond = metadataOf(identity.second)

/**
 * What the probes say of a provider that knows this client and this user: a verdict and what was seen, by the row's name.
 *
 * @param only the row that is asked for, where the others do not matter
 */
export async function probe (issuer: string, changes: Partial<Identity> = {}, only?: string) {
  const asked = probes.filter(({ name }) => only === undefined || name === only)
  return new Map((await probeProvider(issuer, { ...identity, ...changes }, asked)).map(row => [row.name, row]))
}

/** oauth2-mock-server as it comes, or with hooks, or with a listener in front that changes what it hears and says. */
export async function startMockServer (t: Test, prepare: PrepareMock = ({ service }) => service.requestHandler): Promise<string> {
  takeKeysFromFile()
  const server = new OAuth2Server()
  await server.issuer.keys.generate('RS256')
  return serve(t, url => {
    server.issuer.url = url
    return prepare(server)
  })
}

/** oidc-provider with its in-memory adapter and its pages for development, and nothing configured but the clients. */
export async function startBareProvider (
  t: Test, configuration: Configuration = {}, prepare: (response: ServerResponse, request: IncomingMessage) => void = () => {}
): Promise<string> {
  // It says on the console what is for development alone, which is known here.
  t.capture(console, 'info')
  t.capture(console, 'warn')
  return serve(t, url => {
    const provider = new Provider(url, { clients: [registered, registeredSecond], ...configuration })
    const callback = provider.callback()
    return (request, response) => {
      prepare(response, request)
      callback(request, response)
    }
  })
}

/** A provider that gets everything wrong. */
export async function startCarelessProvider (t: Test): Promise<string> {
  return serve(t, url => carelessProvider(url, identity.redirectUri))
}

/** Listen on a free port; what listens may need the URL first. */
export async function serve (t: Test, prepare: (url: string) => RequestListener | Promise<RequestListener>): Promise<string> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise(resolve => {
    server.close(resolve)
    server.closeAllConnections()
  }))
  const url = `http://localhost:${(server.address() as AddressInfo).port}`
  server.on('request', await prepare(url))
  return url
}
