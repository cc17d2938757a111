import type { LookupAddress } from 'node:dns'
import { createServer } from 'node:http'
import { isIP, type AddressInfo } from 'node:net'
import t from 'tap'
import { fetch, lookup } from '#lib/outbound.ts'

const find = (name: string) => new Promise<string>((resolve, reject) => {
  lookup(name, {}, (error, address) => error ? reject(error) : resolve(String(address)))
})
const findAll = (name: string) => new Promise<LookupAddress[]>((resolve, reject) => {
  lookup(name, { all: true }, (error, addresses) => error ? reject(error) : resolve(addresses as LookupAddress[]))
})
const isLoopback = (address: string) => isIP(address) > 0 && (address === '::1' || address.startsWith('127.'))

for (const name of ['localhost', 'idp.localhost', 'a.b.localhost', 'IDP.LOCALHOST', 'idp.localhost.']) {
  t.test(`finds ${name} on this machine`, async t => {
    t.ok(isLoopback(await find(name)))
    const all = await findAll(name)
    t.ok(all.length > 0 && all.every(({ address, family }) => isLoopback(address) && isIP(address) === family), 'all addresses')
  })
}

for (const name of ['nonexistent.invalid', 'localhost.invalid', 'notlocalhost.invalid']) {
  t.test(`does not find ${name}`, async t => {
    await t.rejects(find(name), /getaddrinfo/)
    await t.rejects(findAll(name), /getaddrinfo/)
  })
}

t.test('fetches from a server by its *.localhost name', async t => {
  const server = createServer((request, response) => response.end(request.headers.host))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => { server.closeAllConnections(); server.close() })
  const { port } = server.address() as AddressInfo
  const response = await fetch(`http://some.localhost:${port}/`)
  t.equal(await response.text(), `some.localhost:${port}`)
})
