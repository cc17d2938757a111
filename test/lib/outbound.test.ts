import { execFile } from 'node:child_process'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { createFetch, fetch } from '#lib/outbound.ts'
import { anotherAuthority, authority, startTlsServer } from './tls.ts'

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
