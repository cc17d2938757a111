import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type OutgoingHttpHeaders, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Test } from 'tap'
import { makeServerCertificate, type KeyAndCertificate } from '#lib/tls/make-certificates.ts'
import type { Lab } from '../../helpers/lab.ts'

/** What somebody's site answers with. */
export interface SitePage {
  headers?: OutgoingHttpHeaders
  html: string
}

/**
 * Somebody's own site, at any name of this machine; it ends with the test. Behind TLS it has a certificate that browsers trust as they trust
 * the application's, for otherwise it would be of another site: https://html.spec.whatwg.org/multipage/browsers.html#same-site
 *
 * @param pages by path
 * @returns its origin under a host name: `evil.localhost` is another site than the application, `evil.app.localhost` a host of
 *   the same
 */
export async function startSite (t: Test, lab: Lab, pages: Record<string, SitePage>): Promise<(hostname: string) => string> {
  const answer: RequestListener = (request, response) => {
    const { headers, html } = pages[request.url!] ?? { html: '' }
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...headers })
    response.end(`<!doctype html><title>Somebody's</title>${html}`)
  }
  const { protocol } = new URL(lab.app)
  const server = protocol === 'https:' ? createTlsServer(await certificateBeside(lab), answer) : createServer(answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close().closeAllConnections() })
  const { port } = server.address() as AddressInfo
  return hostname => `${protocol}//${hostname}:${port}`
}

async function certificateBeside ({ settings }: Lab): Promise<{ key: string, cert: string }> {
  const authority = JSON.parse(readFileSync(join(settings['STATE_DIR']!, 'tls', 'authority.json'), 'utf8')) as KeyAndCertificate
  const { key, certificate } = await makeServerCertificate(authority, Object.values(hosts), Date.now())
  return { key, cert: certificate }
}

/** Another site, and a host of the application's own. */
export const hosts = { 'another site': 'evil.localhost', 'a host of the same site': 'evil.app.localhost' }
