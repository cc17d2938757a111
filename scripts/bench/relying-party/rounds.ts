import { quantile } from '../shared/statistics.ts'
import type { Contestant, Round } from './contestant.ts'
import type { Provider } from './relying-party-contestants.ts'

const keptPerRound = 100

/** A number of sign-ins, each with a new browser. */
export function measureSignIns (contestant: Contestant, provider: Provider, count: number, atOnce: number): Promise<Round> {
  let started = 0
  return measure(contestant, provider, atOnce, () => started++ < count, async () => {
    const cookies = await contestant.browsers.signIn()
    if (started > count - keptPerRound) contestant.signedIn.push(cookies.for('/'))
  })
}

/** Requests of browsers that are signed in, one after the other on each connection. */
export function measureRequests (
  contestant: Contestant, provider: Provider, seconds: number, connections: number
): Promise<Round> {
  const browsers = contestant.signedIn.slice(-keptPerRound)
  const end = performance.now() + seconds * 1000
  let asked = 0
  return measure(contestant, provider, connections, () => performance.now() < end, async () => {
    await contestant.browsers.ask(browsers[asked++ % browsers.length]!)
  })
}

async function measure (
  { server }: Contestant, provider: Provider, atOnce: number, goesOn: () => boolean, act: () => Promise<void>
): Promise<Round> {
  const latencies: number[] = []
  const actOneByOne = async () => {
    while (goesOn()) {
      const since = performance.now()
      await act()
      latencies.push(performance.now() - since)
    }
  }
  const used = async () => ({
    server: (await server.usage()).cpuMicroseconds,
    provider: (await provider.usage()).cpuMicroseconds,
    browsers: ownMicroseconds()
  })
  const before = await used()
  const since = performance.now()
  await Promise.all(Array.from({ length: atOnce }, actOneByOne))
  const seconds = (performance.now() - since) / 1000
  const after = await used()
  const cores = (who: keyof typeof before) => (after[who] - before[who]) / 1e6 / seconds
  return {
    perSecond: latencies.length / seconds,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    microseconds: (after.server - before.server) / latencies.length,
    cores: { server: cores('server'), provider: cores('provider'), browsers: cores('browsers') }
  }
}

/** Processor time of this process, which is that of the browsers. */
function ownMicroseconds (): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
