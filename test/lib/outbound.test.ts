// How a service finds others and whom it trusts.
import { execFile } from 'node:child_process'
import type { LookupAddress } from 'node:dns'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, connect, isIP, type LookupFunction, type Socket } from 'node:net'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { lookup, lookupWith, reachAt } from '#lib/outbound/loopback-names.ts'
import { createFetch, fetch } from '#lib/outbound/outbound.ts'
import { stopClock } from '../helpers/clock.ts'
import { endlessJson } from '../helpers/endless-json.ts'
import { anotherAuthority, authority, startTlsServer } from './tls.ts'

const find = (name: string, how = lookup) => new Promise<string>((resolve, reject) => {
  how(name, {}, (error, address) => error ? reject(error) : resolve(String(address)))
})
const findAll = (name: string, how = lookup) => new Promise<LookupAddress[]>((resolve, reject) => {
  how(name, { all: true }, (error, addresses) => error ? reject(error) : resolve(addresses as LookupAddress[]))
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

/** A system that gives these answers, one after the other: an address, an error's code, or none at all. */
function systemThat (...answers: (string | { code: string } | undefined)[]): LookupFunction {
  return (hostname, _options, callback) => {
    const answer = answers.shift()
    if (typeof answer === 'string') setImmediate(callback, null, answer, 4)
    else if (answer) setImmediate(callback, Object.assign(new Error(`getaddrinfo ${answer.code} ${hostname}`), answer), '', 4)
  }
}

t.test('takes the address that the system knows, as that of a container', async t => {
  stopClock(t, { timeouts: true })
  t.equal(await find('idp.localhost', lookupWith(systemThat('172.18.0.2'))), '172.18.0.2')
})

for (const code of ['ENOTFOUND', 'EAI_AGAIN']) {
  t.test(`takes ${code} for this machine`, async t => {
    t.equal(await find('idp.localhost', lookupWith(systemThat({ code }))), '127.0.0.1')
  })
}

t.test('does not wait for a name server that never answers', async t => {
  const later = stopClock(t, { timeouts: true })
  const impatient = lookupWith(systemThat(undefined, undefined))
  const found = [find('idp.localhost', impatient), findAll('idp.localhost', impatient)]
  later(0.5)
  t.strictSame(await Promise.all(found), ['127.0.0.1', [{ address: '127.0.0.1', family: 4 }]])
})

t.test('asks again for a name that was not there, and finds the container that has started since', async t => {
  stopClock(t, { timeouts: true })
  const how = lookupWith(systemThat({ code: 'ENOTFOUND' }, '172.18.0.2'))
  t.equal(await find('idp.localhost', how), '127.0.0.1')
  t.equal(await find('idp.localhost', how), '172.18.0.2')
})

t.test('waits for a system that has known the name before: in a container it is busy, and this machine is nobody there', async t => {
  const later = stopClock(t, { timeouts: true })
  const answers: (() => void)[] = []
  const how = lookupWith((_hostname, _options, callback) => { answers.push(() => callback(null, '172.18.0.2', 4)) })
  const first = find('idp.localhost', how)
  answers[0]!()
  t.equal(await first, '172.18.0.2')
  const slow = find('idp.localhost', how)
  later(5)
  answers[1]!()
  t.equal(await slow, '172.18.0.2')
})

t.test('passes on any other failure', async t => {
  await t.rejects(find('idp.localhost', lookupWith(systemThat({ code: 'EAI_FAIL' }))), { code: 'EAI_FAIL' })
})

t.test('asks the system once for what many want to know at the same moment', async t => {
  const asked: string[] = []
  const answers: (() => void)[] = []
  const lookup = lookupWith((hostname, _options, callback) => {
    asked.push(hostname)
    answers.push(() => callback(null, '172.18.0.2', 4))
  })
  const find = (hostname: string) => new Promise(resolve => lookup(hostname, {}, (...answer) => resolve(answer)))
  const found = [find('idp.localhost'), find('idp.localhost'), find('app.localhost')]
  t.same(asked, ['idp.localhost', 'app.localhost'])
  for (const answer of answers) answer()
  t.same(await Promise.all(found), Array(3).fill([null, '172.18.0.2', 4]))

  const again = find('idp.localhost')
  t.equal(asked.length, 3, 'and asks again later')
  answers[2]!()
  t.same(await again, [null, '172.18.0.2', 4])
})

async function startServer (t: Test, listener: RequestListener) {
  const server = createServer(listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => { server.closeAllConnections(); server.close() })
  return (server.address() as AddressInfo).port
}

const causeOf = (error: unknown) => (error as { cause?: { code?: string } }).cause?.code

t.test('fetches from a server by its *.localhost name', async t => {
  const port = await startServer(t, (request, response) => response.end(request.headers.host))
  const response = await fetch(`http://some.localhost:${port}/`)
  t.equal(await response.text(), `some.localhost:${port}`)
})

t.test('fetches from a container by a name that this system does not know, once it was told where that is', async t => {
  const port = await startServer(t, (request, response) => response.end(request.headers.host))
  reachAt('lab-in-a-container', '127.0.0.1')
  t.equal(await (await fetch(`http://Lab-In-A-Container:${port}/`)).text(), `lab-in-a-container:${port}`)
})

t.test('trusts the certificate of an authority that it was told of, and nobody else does', async t => {
  const origin = await startTlsServer(t, (_request, response) => response.end('hello'))
  const response = await createFetch({ ca: `${anotherAuthority}\n# The next one is ours\n${authority}` })(origin)
  t.equal(await response.text(), 'hello')

  for (const [who, untrusting] of [['fetch', fetch], ['another authority', createFetch({ ca: anotherAuthority })]] as const) {
    t.match(causeOf(await untrusting(origin).catch((error: unknown) => error)),
      /UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT_LOCALLY/, who)
  }
})

t.test('goes on trusting whom Node trusts, NODE_EXTRA_CA_CERTS among them', async t => {
  const origin = await startTlsServer(t, (_request, response) => response.end('hello'))
  const folder = t.testdir({ 'authority.pem': authority })
  const program = `
    import { createFetch } from '#lib/outbound/outbound.ts'
    const response = await createFetch({ ca: process.env.ANOTHER })('${origin}')
    process.stdout.write(await response.text())
    process.exit()`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module-typescript', '--eval', program], {
    cwd: join(import.meta.dirname, '..', '..'),
    env: { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, 'authority.pem'), ANOTHER: anotherAuthority }
  })
  t.equal(stdout, 'hello')
})

t.test('says what is wrong with authorities that cannot be read', async t => {
  const broken = authority.replace(/\n[\w+/=]+\n/, '\n')
  const cutOff = authority.slice(0, -40)
  t.throws(() => createFetch({ ca: 'not a certificate' }), { name: 'CertificateError', message: /no certificate in PEM/ })
  t.throws(() => createFetch({ ca: '' }), { name: 'CertificateError', message: /no certificate in PEM/ })
  t.throws(() => createFetch({ ca: broken }), { name: 'CertificateError', message: 'certificate 1 of 1 is malformed' })
  t.throws(() => createFetch({ ca: authority + cutOff }), { message: 'certificate 2 of 2 is malformed' })
  t.doesNotThrow(() => createFetch({ ca: rootCertificates.join('\r\n') }))
})

t.test('reads no answer that has no end', async t => {
  const answer = endlessJson()
  const port = await startServer(t, (_request, response) => { answer.stream.pipe(response) })
  t.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text().catch(causeOf), 'UND_ERR_RES_EXCEEDED_MAX_SIZE')
  t.ok(answer.bytes() < 40 * 1024 * 1024, `${answer.bytes()} bytes were sent`)
})

t.test('waits for a peer no longer than it was told to', async t => {
  const port = await startServer(t, () => {})
  const failure = async (name: string, ask: typeof fetch) => {
    const error: unknown = await ask(`http://127.0.0.1:${port}/`).catch((error: unknown) => error)
    return [name, causeOf(error)]
  }
  const impatient = createFetch({ timeouts: { headers: 50 } })
  const first = await Promise.race([failure('patient', createFetch()), failure('impatient', impatient)])
  t.strictSame(first, ['impatient', 'UND_ERR_HEADERS_TIMEOUT'])
})

/** A proxy that finds `id.example`, which nobody else does, at a port of this machine, and what it was asked for. */
async function startProxy (t: Test, port: number, { silent = false } = {}) {
  const asked: string[] = []
  const proxy = createServer(async (request, response) => {
    asked.push(`${request.method} ${request.url} for ${request.headers['proxy-authorization']}`)
    response.end(await (await fetch(`http://127.0.0.1:${port}`)).text())
  })
  proxy.on('connect', (request, socket: Socket) => {
    asked.push(`CONNECT ${request.url} for ${request.headers['proxy-authorization']}`)
    if (silent) return
    const through = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      socket.pipe(through).pipe(socket)
    })
    through.on('error', () => socket.destroy())
    socket.on('error', () => through.destroy())
  })
  await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve))
  t.teardown(() => { proxy.closeAllConnections(); proxy.close() })
  return { asked, host: `127.0.0.1:${(proxy.address() as AddressInfo).port}` }
}

/** What a `fetch` goes by that is made and first used while the environment is this. */
async function withEnvironment<T> (t: Test, variables: Record<string, string>, ask: () => Promise<T>): Promise<T> {
  t.intercept(process, 'env', { value: { ...process.env, ...variables } })
  return ask()
}

const viaProxy = 'Basic YW5uOnNlY3JldA=='

for (const [label, variables] of Object.entries({
  'by HTTPS_PROXY': (host: string) => ({ HTTPS_PROXY: `http://ann:secret@${host}` }),
  'by https_proxy': (host: string) => ({ https_proxy: `http://ann:secret@${host}`, HTTPS_PROXY: 'http://127.0.0.1:1' }),
  'by HTTP_PROXY alone': (host: string) => ({ HTTP_PROXY: `http://ann:secret@${host}`, https_proxy: '' }),
  'by a host and a port alone': (host: string) => ({ HTTPS_PROXY: `ann:secret@${host}` })
})) {
  t.test(`goes through the proxy that is named ${label}, and checks the peer behind it`, async t => {
    const origin = new URL(await startTlsServer(t, (request, response) => response.end(request.headers.host)))
    const { asked, host } = await startProxy(t, Number(origin.port))
    await withEnvironment(t, variables(host), async () => {
      t.equal(await (await createFetch({ ca: authority })('https://id.example/')).text(), 'id.example')
      const untrusting = await createFetch()('https://id.example/').catch((error: unknown) => error)
      t.match(causeOf(untrusting), /UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT_LOCALLY/)
    })
    t.strictSame([...new Set(asked)], [`CONNECT id.example:443 for ${viaProxy}`])
  })
}

t.test('goes through a proxy in the clear too, where one is named for that', async t => {
  const port = await startServer(t, (_request, response) => response.end('hello'))
  const { asked, host } = await startProxy(t, port)
  await withEnvironment(t, { HTTP_PROXY: `http://ann:secret@${host}` }, async () => {
    t.equal(await (await createFetch()('http://id.example/a?b')).text(), 'hello')
  })
  t.strictSame(asked, [`GET http://id.example/a?b for ${viaProxy}`])
})

t.test('goes past the proxy to this machine, the lab\'s names among it, and to whom NO_PROXY names', async t => {
  const port = await startServer(t, (_request, response) => response.end('directly'))
  const { asked, host } = await startProxy(t, port)
  await withEnvironment(t, { HTTP_PROXY: `http://${host}`, no_proxy: 'other.example, id.example' }, async () => {
    const fetch = createFetch()
    for (const name of ['idp.localhost', 'localhost', '127.0.0.1']) {
      t.equal(await (await fetch(`http://${name}:${port}/`)).text(), 'directly', name)
    }
    t.match(await fetch('http://id.example/').catch(causeOf), /ENOTFOUND|EAI_AGAIN/, 'whom nobody finds directly')
  })
  t.strictSame(asked, [])
})

t.test('waits for a proxy no longer than for a peer', async t => {
  const { host } = await startProxy(t, 1, { silent: true })
  await withEnvironment(t, { HTTPS_PROXY: `http://${host}` }, async () => {
    t.equal(await createFetch({ timeouts: { headers: 50 } })('https://id.example/').catch(causeOf), 'UND_ERR_HEADERS_TIMEOUT')
  })
})

t.test('says which variable names no proxy', async t => {
  await withEnvironment(t, { HTTPS_PROXY: 'ftp://proxy.example' }, async () => {
    await t.rejects(createFetch()('https://id.example/'), /HTTPS_PROXY is not the URL of a proxy/)
  })
})
