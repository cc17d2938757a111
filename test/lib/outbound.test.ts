import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { fetch } from '#lib/outbound.ts'

t.test('fetches from a server by its *.localhost name', async t => {
  const server = createServer((request, response) => response.end(request.headers.host))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => { server.closeAllConnections(); server.close() })
  const { port } = server.address() as AddressInfo
  const response = await fetch(`http://some.localhost:${port}/`)
  t.equal(await response.text(), `some.localhost:${port}`)
})
