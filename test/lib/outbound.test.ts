// How a service finds others and whom it trusts.
import { execFile } from 'node:child_process'
import type { LookupAddress } from 'node:dns'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, isIP, type LookupFunction } from 'node:net'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { lookup, lookupWith } from '#lib/loopback-names.ts'
import { createFetch, fetch } from '#lib/outbound.ts'
import { stopClock } from '../helpers/clock.ts'
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
    import { createFetch } from '#lib/outbound.ts'
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
