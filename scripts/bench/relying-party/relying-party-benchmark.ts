import { fewerThanTwoRounds, readOptions, type Benchmark } from '../benchmark.ts'
import { environment } from '../shared/environment.ts'
import { memoryTable, sampleMemory } from '../shared/memory.ts'
import { hasConsole } from '../shared/server-process.ts'
import { median, table, withSpread } from '../shared/statistics.ts'
import { inTurns } from '../shared/turns.ts'
import { check, cookieSizes, type Contestant, type Round } from './contestant.ts'
import { Browsers } from './minimal-browsers.ts'
import { startExpress, startOurRelyingParty, startProvider, type Provider } from './relying-party-contestants.ts'
import { measureRequests, measureSignIns } from './rounds.ts'

const options = {
  'sign-ins': { about: 'sign-ins at each relying party', default: '20000' },
  round: { about: 'sign-ins a round; the first round warms up and does not count', default: '1000' },
  'at-once': { about: 'sign-ins under way at the same time', default: '16' },
  seconds: { about: 'seconds of authenticated requests a round, for each number of connections', default: '1' },
  connections: { about: 'numbers of connections with authenticated requests', default: '1,16' }
}

const reference = 'express-openid-connect'
const noLedger = 'in a lab, no ledger'
const samplesAfterSignIns = [1_000, 5_000, 10_000, 20_000]

/** Sign-ins and authenticated requests per second, cookies and memory of the relying party, beside `express-openid-connect`. */
export const rp: Benchmark = {
  about: 'sign-ins and authenticated requests, beside express-openid-connect; cookies; and the memory after 20,000 sign-ins',

  async run (args) {
    const { 'sign-ins': [signIns], round: [round], 'at-once': [atOnce], seconds: [seconds], connections, beside } =
      readOptions(args, options, fewerThanTwoRounds)
    const rounds = Math.round(signIns! / round!)
    console.log(`${environment('express-openid-connect', 'express', 'fastify', 'openid-client', 'undici')}\n` +
      `${rounds} rounds for each relying party, one after the other in turns; the first round warms up.\nAll of them check the ` +
      'signature of the ID token, fetch userinfo at the sign-in, and keep ID token, access token, refresh token and claims.\n' +
      'TLS ends before them. None logs a line a request. Ours alone sends the headers of helmet, and a CSRF token.\n' +
      'In a lab, ours has a ledger beside it, which the console may follow; “no ledger”: all else alike.\n')

    const provider = await startProvider()
    const contestants = await startAll(provider, Math.max(atOnce!, ...connections), beside)
    try {
      const sampledAfter = await measure({
        provider, contestants, rounds, perRound: round!, atOnce: atOnce!, seconds: seconds!, connections
      })
      for (const workload of contestants[0]!.rounds.keys()) console.log(compare(workload, contestants))
      console.log(cookieSizes(contestants) + '\n')
      console.log(memoryTable(contestants, sampledAfter) + '\n')
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
    [noLedger]: await startOurRelyingParty(issuer, { ledger: 'none' }),
    'in a lab, with ledger': await startOurRelyingParty(issuer, { ledger: 'unread' }),
    'in a lab, ledger followed': await startOurRelyingParty(issuer, { ledger: 'followed' }),
    ...(beside !== undefined && {
      [`relying-party of ${beside}`]: await startOurRelyingParty(issuer, { checkout: beside }),
      [`in a lab, of ${beside}, with ledger`]: await startOurRelyingParty(issuer, { checkout: beside, ledger: 'unread' }),
      ...(hasConsole(beside) && { [`in a lab, of ${beside}, ledger followed`]: await startOurRelyingParty(issuer, { checkout: beside, ledger: 'followed' }) })
    }),
    [reference]: await startExpress(issuer, 'cookie'),
    [`${reference}, store in memory`]: await startExpress(issuer, 'store')
  }
  return Object.entries(servers).map(([label, server]) => ({
    label, server, browsers: new Browsers(issuer, server, connections), rounds: new Map(), signedIn: [], memory: []
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
  const sampledAfter: number[] = []
  const sample = async (signIns: number) => {
    await Promise.all(contestants.map(async ({ server, memory }) => { memory.push(await sampleMemory(server)) }))
    sampledAfter.push(signIns)
  }
  await sample(0)
  for (let round = 0; round < rounds; round++) {
    const measured = async (workload: string, run: (contestant: Contestant) => Promise<Round>) => {
      for (const contestant of inTurns(contestants, round)) {
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
    const isDue = samplesAfterSignIns.some(after => after > signIns - perRound && after <= signIns)
    if (isDue || round === rounds - 1) await sample(signIns)
  }
  return sampledAfter
}

function compare (workload: string, contestants: Contestant[]): string {
  const roundsOf = (name: string) => contestants.find(({ label }) => label === name)!.rounds.get(workload)!
  const rows = contestants.map(({ label, rounds: all }) => {
    const rounds = all.get(workload)!
    const values = (of: (round: Round) => number) => rounds.map(of)
    const ratios = (of: (round: Round) => number, to = reference) => rounds.map((round, index) => of(round) / of(roundsOf(to)[index]!))
    const busy = (who: keyof Round['cores']) => median(values(({ cores }) => cores[who])).toFixed(2)
    return [
      label,
      withSpread(values(({ perSecond }) => perSecond), 0),
      withSpread(ratios(({ perSecond }) => perSecond), 2),
      withSpread(values(({ p50 }) => p50), 1),
      withSpread(values(({ p99 }) => p99), 1),
      withSpread(values(({ microseconds }) => microseconds), 0),
      withSpread(ratios(({ microseconds }) => 1 / microseconds), 2),
      label.startsWith('in a lab') ? withSpread(ratios(({ microseconds }) => 1 / microseconds, noLedger), 3) : '',
      `${busy('server')} / ${busy('provider')} / ${busy('browsers')}`
    ]
  })
  return table([
    [workload, 'a second', 'ratio', 'p50, ms', 'p99, ms', 'its CPU each, µs', 'ratio', 'to no ledger', 'processors: it / provider / browsers'],
    ...rows
  ]) + `\nMedian (lowest–highest) of the rounds; a ratio is that to ${reference} in the same round, above 1 if quicker.\n`
}
