import { UsageError } from '../usage-error.ts'
import { readOptions, type Benchmark } from './benchmark.ts'
import { environment } from './environment.ts'
import { lookAt, tableOfLooks } from './memory.ts'
import { Browsers } from './rp-browser.ts'
import { check, cookieSizes, type Contestant } from './rp-contestant.ts'
import { measureRequests, measureSignIns, type Round } from './rp-rounds.ts'
import { startExpress, startOurRelyingParty, startProvider, type Provider } from './rp-servers.ts'
import { median, table, withSpread } from './statistics.ts'

const options = {
  'sign-ins': { about: 'sign-ins at each relying party', default: '20000' },
  round: { about: 'sign-ins a round; the first round warms up and does not count', default: '1000' },
  'at-once': { about: 'sign-ins under way at the same time', default: '16' },
  seconds: { about: 'seconds of authenticated requests a round, for each number of connections', default: '1' },
  connections: { about: 'numbers of connections with authenticated requests', default: '1,16' }
}

const reference = 'express-openid-connect'
const looksAfter = [1_000, 5_000, 10_000, 20_000]

/** Sign-ins and authenticated requests per second, cookies and memory of the relying party, beside `express-openid-connect`. */
export const rp: Benchmark = {
  about: 'sign-ins and authenticated requests, beside express-openid-connect; cookies; and the memory after 20,000 sign-ins',

  async run (args) {
    const { 'sign-ins': [signIns], round: [round], 'at-once': [atOnce], seconds: [seconds], connections, beside } =
      readOptions(args, options)
    const rounds = Math.round(signIns! / round!)
    if (rounds < 2) throw new UsageError('--sign-ins must be at least two rounds: the first warms up.')
    console.log(`${environment('express-openid-connect', 'express', 'fastify', 'openid-client', 'undici')}\n` +
      `${rounds} rounds for each relying party, one after the other in turns; the first round warms up.\nAll of them check the ` +
      'signature of the ID token, fetch userinfo at the sign-in, and keep ID token, access token, refresh token and claims.\n' +
      'TLS ends before them. None logs a line a request. Ours alone sends the headers of helmet, and a CSRF token.\n')

    const provider = await startProvider()
    const contestants = await startAll(provider, Math.max(atOnce!, ...connections), beside)
    try {
      const looksAt = await measure({
        provider, contestants, rounds, perRound: round!, atOnce: atOnce!, seconds: seconds!, connections
      })
      for (const workload of contestants[0]!.rounds.keys()) console.log(compare(workload, contestants))
      console.log(cookieSizes(contestants) + '\n')
      console.log(tableOfLooks(contestants, looksAt) + '\n')
      console.log(await check(contestants))
    } finally {
      await Promise.all(contestants.flatMap(({ server, browsers }) => [server.stop(), browsers.close()]))
      await provider.stop()
    }
  }
}

async function startAll ({ issuer }: Provider, connections: number, beside: string | undefined): Promise<Contestant[]> {
  const servers = {
    'relying-party': await startOurRelyingParty(issuer),
    ...(beside !== undefined && { [`relying-party of ${beside}`]: await startOurRelyingParty(issuer, beside) }),
    [reference]: await startExpress(issuer, 'cookie'),
    [`${reference}, store in memory`]: await startExpress(issuer, 'store')
  }
  return Object.entries(servers).map(([label, server]) => ({
    label, server, browsers: new Browsers(issuer, server, connections), rounds: new Map(), signedIn: [], looks: []
  }))
}

/** @returns after how many sign-ins the memory was looked at */
async function measure ({ provider, contestants, rounds, perRound, atOnce, seconds, connections }: {
  provider: Provider
  contestants: Contestant[]
  rounds: number
  perRound: number
  atOnce: number
  seconds: number
  connections: number[]
}): Promise<number[]> {
  const looksAt: number[] = []
  const look = async (signIns: number) => {
    await Promise.all(contestants.map(async ({ server, looks }) => { looks.push(await lookAt(server)) }))
    looksAt.push(signIns)
  }
  await look(0)
  for (let round = 0; round < rounds; round++) {
    // Whoever was last is first in the next round, so that a machine that grows slower or faster favours nobody.
    const inOrder = round % 2 === 0 ? contestants : contestants.toReversed()
    const measured = async (workload: string, run: (contestant: Contestant) => Promise<Round>) => {
      for (const contestant of inOrder) {
        const measured = await run(contestant)
        if (round > 0) contestant.rounds.set(workload, [...contestant.rounds.get(workload) ?? [], measured])
      }
    }
    await measured(`sign-ins, ${atOnce} at once`, contestant => measureSignIns(contestant, provider, perRound, atOnce))
    for (const count of connections) {
      const workload = `authenticated requests, ${count === 1 ? 'one connection' : `${count} connections`}`
      await measured(workload, contestant => measureRequests(contestant, provider, seconds, count))
    }
    const signIns = (round + 1) * perRound
    const isDue = looksAfter.some(after => after > signIns - perRound && after <= signIns)
    if (isDue || round === rounds - 1) await look(signIns)
  }
  return looksAt
}

function compare (workload: string, contestants: Contestant[]): string {
  const bare = contestants.find(({ label }) => label === reference)!.rounds.get(workload)!
  const rows = contestants.map(({ label, rounds: all }) => {
    const rounds = all.get(workload)!
    const values = (of: (round: Round) => number) => rounds.map(of)
    const ratios = (of: (round: Round) => number) => rounds.map((round, index) => of(round) / of(bare[index]!))
    const busy = (who: keyof Round['cores']) => median(values(({ cores }) => cores[who])).toFixed(2)
    return [
      label,
      withSpread(values(({ perSecond }) => perSecond), 0),
      withSpread(ratios(({ perSecond }) => perSecond), 2),
      withSpread(values(({ p50 }) => p50), 1),
      withSpread(values(({ p99 }) => p99), 1),
      withSpread(values(({ microseconds }) => microseconds), 0),
      withSpread(ratios(({ microseconds }) => 1 / microseconds), 2),
      `${busy('server')} / ${busy('provider')} / ${busy('browsers')}`
    ]
  })
  return table([
    [workload, 'a second', 'ratio', 'p50, ms', 'p99, ms', 'its CPU each, µs', 'ratio', 'processors: it / provider / browsers'],
    ...rows
  ]) + `\nMedian (lowest–highest) of the rounds; a ratio is that to ${reference} in the same round, above 1 if quicker.\n`
}
