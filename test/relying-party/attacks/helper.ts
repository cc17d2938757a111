import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { sendBytes } from '../../helpers/raw-http.ts'
import type { Idp } from '../../idp/helper.ts'
import { Visitor } from '../../idp/helper.ts'
import { buildWithIdp, type Tab } from '../helper.ts'

/** The relying party on a socket, with a real identity provider, and no limit to sign-ins. */
export async function listenWithIdp (t: Test, settings: Record<string, string> = {}) {
  const parts = await buildWithIdp(t, { SIGN_IN_RATE_LIMIT: '1000000', ...settings })
  await parts.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = parts.app.server.address() as AddressInfo
  const { host } = new URL(parts.config.app)
  return {
    ...parts,
    host,
    /** send bytes as they are */
    send: (bytes: string) => sendBytes(port, bytes),
    /** send a request head with other headers than a browser's */
    ask: (requestLine: string, headers: string[] = [`host: ${host}`]) =>
      sendBytes(port, [`${requestLine} HTTP/1.1`, 'connection: close', 'accept: text/html', ...headers, '', ''].join('\r\n'))
  }
}

/** Sign in at the identity provider by way of the relying party: path and query that the browser would come back to. */
export async function answerOfSignIn (tab: Tab, idp: Idp, username: string): Promise<string> {
  const { location } = await tab.get('/login')
  const { password } = idp.config.users.find(user => user.username === username)!
  const visitor = new Visitor(idp)
  const { location: back } = await visitor.submit(await visitor.open(location!.href), { username, password }, 'Sign in')
  return `${back!.pathname}${back!.search}`
}
