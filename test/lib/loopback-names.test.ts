import type { LookupAddress } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import t from 'tap'
import { lookup, lookupWith } from '#lib/loopback-names.ts'
import { stopClock } from '../helpers/clock.ts'

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
