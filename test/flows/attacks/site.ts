import { once } from 'node:events'
import { createServer, type OutgoingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

/** What somebody's site answers with. */
export interface SitePage {
  headers?: OutgoingHttpHeaders
  html: string
}

/**
 * Somebody's own site, at any name of this machine; it ends with the test.
 *
 * @param pages by path
 * @returns its origin under a host name: `evil.localhost` is another site than the application, `evil.app.localhost` a host of
 *   the same
 */
export async function startSite (t: Test, pages: Record<string, SitePage>): Promise<(hostname: string) => string> {
  const server = createServer((request, response) => {
    const { headers, html } = pages[request.url!] ?? { html: '' }
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...headers })
    response.end(`<!doctype html><title>Somebody's</title>${html}`)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close().closeAllConnections() })
  const { port } = server.address() as AddressInfo
  return hostname => `http://${hostname}:${port}`
}

/** Another site, and a host of the application's own. */
export const hosts = { 'another site': 'evil.localhost', 'a host of the same site': 'evil.app.localhost' }
