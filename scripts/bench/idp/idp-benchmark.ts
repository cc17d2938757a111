import { root } from '../../../test/helpers/lab.ts'
import { fewerThanTwoRounds, readOptions, type Benchmark } from '../benchmark.ts'
import { CookieJar } from '../shared/cookie-jar.ts'
import { environment } from '../shared/environment.ts'
import { memoryTable, sampleMemory, type MemorySample } from '../shared/memory.ts'
import { quantile, table, withSpread } from '../shared/statistics.ts'
import { inTurns } from '../shared/turns.ts'
import { startBareProvider, startMockServer, startOurIdp, type IdpServer } from './idp-contestants.ts'
import { BenchRelyingParty } from './minimal-relying-party.ts'

const options = {
  'sign-ins': { about: 'sign-ins at each server', default: '20000' },
  round: { about: 'sign-ins a round; the first round warms up and does not count', default: '1000' },
  'at-once': { about: 'sign-ins under way at the same time', default: '16' }
}

const reference = 'oidc-provider'
const noLedger = 'lab, form, no ledger'
const verifiedIdTokens = 50

/** What one round of one server came to. */
interface Round {
  signInsPerSecond: number
  p50: number
  p99: number
  /** processor time of the server */
  microsecondsPerSignIn: number
}

interface Contestant {
  label: string
  server: IdpServer
  relyingParty: BenchRelyingParty
  /** of the first who ever signed in */
  firstBrowser: CookieJar
  rounds: Round[]
  /** ID tokens of the last round, as far as their signatures are looked at */
  lastIdTokens: string[]
  memory: MemorySample[]
}

/** Sign-ins per second and memory of the identity provider, beside `oidc-provider` alone and `oauth2-mock-server`. */
export const idp: Benchmark = {
  about: 'sign-ins, beside bare oidc-provider and oauth2-mock-server; and the memory after 20,000 of them',

  async run (args) {
    const { 'sign-ins': [signIns], round: [round], 'at-once': [atOnce], beside } = readOptions(args, options, fewerThanTwoRounds)
    const rounds = Math.round(signIns! / round!)
    console.log(`${environment('oidc-provider', 'oauth2-mock-server', 'undici')}\n` +
      `${rounds} rounds of ${round} sign-ins for each server, one server after the other in turns, ${atOnce} at once; the first round ` +
      'warms up.\nA sign-in is a new browser, PKCE, state and nonce, and ends with a checked ID token. LOG_LEVEL=warn, LOG_FORMAT=json.\n')

    const contestants = await startAll(atOnce!, beside)
    try {
      const sampledAfter = await measure(contestants, rounds, round!, atOnce!)
      console.log(compare(contestants))
      console.log(memoryTable(contestants, sampledAfter) + '\n')
      console.log(await check(contestants))
    } finally {
      await Promise.all(contestants.flatMap(({ server, relyingParty }) => [server.stop(), relyingParty.close()]))
    }
  }
}

async function startAll (connections: number, beside: string | undefined): Promise<Contestant[]> {
  const servers = {
    'lab, hint': await startOurIdp({ checkout: root, lab: true, hint: true }),
    'lab, form': await startOurIdp({ checkout: root, lab: true, hint: false }),
    [noLedger]: await startOurIdp({ checkout: root, lab: true, hint: false, ledger: 'none' }),
    'LAB=false, form': await startOurIdp({ checkout: root, lab: false, hint: false }),
    ...(beside !== undefined && {
      [`lab, hint, of ${beside}`]: await startOurIdp({ checkout: beside, lab: true, hint: true }),
      [`lab, form, of ${beside}`]: await startOurIdp({ checkout: beside, lab: true, hint: false })
    }),
    [reference]: await startBareProvider(),
    'oauth2-mock-server': await startMockServer()
  }
  return Promise.all(Object.entries(servers).map(async ([label, server]) => ({
    label,
    server,
    relyingParty: await BenchRelyingParty.discover(server.issuer, server.client, connections),
    firstBrowser: new CookieJar(),
    rounds: [],
    lastIdTokens: [],
    memory: []
  })))
}

/** @returns after how many sign-ins the memory was looked at */
async function measure (contestants: Contestant[], rounds: number, perRound: number, atOnce: number): Promise<number[]> {
  const quarters = [1, 2, 3, 4].map(quarter => Math.round(rounds * quarter / 4))
  const samplesAfter = new Set([1, ...quarters])
  const sampleAll = () => Promise.all(contestants.map(async ({ server, memory }) => { memory.push(await sampleMemory(server)) }))
  await sampleAll()
  for (let round = 0; round < rounds; round++) {
    for (const contestant of inTurns(contestants, round)) await measureRound(contestant, round, perRound, atOnce)
    if (samplesAfter.has(round + 1)) await sampleAll()
  }
  return [0, ...[...samplesAfter].map(after => after * perRound)]
}

async function measureRound (contestant: Contestant, round: number, count: number, atOnce: number) {
  const { server, relyingParty, firstBrowser } = contestant
  const before = await server.usage()
  const latencies: number[] = []
  const idTokens: string[] = []
  let started = 0
  const signInOneByOne = async () => {
    while (started < count) {
      const browser = started++ === 0 && round === 0 ? firstBrowser : new CookieJar()
      const since = performance.now()
      idTokens.push(await relyingParty.signIn(server.person, browser))
      latencies.push(performance.now() - since)
    }
  }
  const since = performance.now()
  await Promise.all(Array.from({ length: atOnce }, signInOneByOne))
  const seconds = (performance.now() - since) / 1000
  const after = await server.usage()

  contestant.lastIdTokens = idTokens.slice(-verifiedIdTokens)
  if (round === 0) return
  contestant.rounds.push({
    signInsPerSecond: count / seconds,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    microsecondsPerSignIn: (after.cpuMicroseconds - before.cpuMicroseconds) / count
  })
}

function compare (contestants: Contestant[]): string {
  const roundsOf = (name: string) => contestants.find(({ label }) => label === name)!.rounds
  const rows = contestants.map(({ label, relyingParty, rounds }) => {
    const values = (key: keyof Round) => rounds.map(round => round[key])
    const ratios = (key: keyof Round, to = reference) => rounds.map((round, index) => round[key] / roundsOf(to)[index]![key])
    return [
      label,
      relyingParty.requestsPerSignIn.toFixed(0),
      withSpread(values('signInsPerSecond'), 0),
      withSpread(ratios('signInsPerSecond'), 2),
      withSpread(values('p50'), 1),
      withSpread(values('p99'), 1),
      withSpread(values('microsecondsPerSignIn'), 0),
      withSpread(ratios('microsecondsPerSignIn'), 2),
      label.includes('form') ? withSpread(ratios('microsecondsPerSignIn', noLedger), 3) : ''
    ]
  })
  return table([
    ['', 'requests', 'sign-ins per second', 'ratio', 'latency p50, ms', 'p99, ms', 'server CPU a sign-in, µs', 'ratio', 'to no ledger'],
    ...rows
  ]) + `\nMedian (lowest–highest) of the rounds; the ratio is that to ${reference} in the same round.\n`
}

/** Every ID token was checked as it came; this looks at signatures, and at what is still known of who came first. */
async function check (contestants: Contestant[]): Promise<string> {
  const remembered = await Promise.all(contestants.map(async ({ label, relyingParty, lastIdTokens, firstBrowser }) => {
    await relyingParty.verify(lastIdTokens)
    if (await relyingParty.isSignedIn(new CookieJar())) return `${label} asks nobody`
    return `${label} ${await relyingParty.isSignedIn(firstBrowser) ? 'knows them still' : 'has forgotten them'}`
  }))
  const total = contestants.reduce((sum, { rounds }) => sum + rounds.length, contestants.length)
  return `checked: the ID token of every sign-in in ${total} rounds, the signatures of the last ${verifiedIdTokens} of each server\n` +
    `who signed in first and comes again: ${remembered.join('; ')}`
}
