import { readFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Test } from 'tap'

const read = (file: string) => readFileSync(join(import.meta.dirname, 'tls', file), 'utf8')

/** A certificate authority that no system trusts, in PEM. It has signed the certificate of `startTlsServer`. */
export const authority = read('authority.pem')

/** One that has not. */
export const anotherAuthority = read('another-authority.pem')

/** Start a server with a certificate for `*.localhost` and `id.example`; it ends with the test. @returns its origin */
export async function startTlsServer (t: Test, listener: RequestListener): Promise<string> {
  const server = createServer({ key: read('server.key'), cert: read('server.pem') }, listener)
  t.teardown(() => { server.closeAllConnections(); server.close() })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return `https://id.localhost:${(server.address() as AddressInfo).port}`
}
