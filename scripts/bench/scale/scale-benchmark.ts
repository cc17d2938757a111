import { readOptions, type Benchmark } from '../benchmark.ts'
import { environment } from '../shared/environment.ts'
import { median, quantile, table, withSpread } from '../shared/statistics.ts'
import { inTurns } from '../shared/turns.ts'
import { Crowd } from './crowd.ts'
import { parts, startLabInCompose, type LabInCompose, type Part, type ValkeyFigures } from './lab-in-compose.ts'

const options = {
  replicas: { about: 'numbers of replicas of each service', default: '1,2,4' },
  rounds: { about: 'rounds of each lab; one more warms up', default: '5' },
  'sign-ins': { about: 'sign-ins a round', default: '300' },
  'at-once': { about: 'sign-ins under way at the same time', default: '16' },
  guests: { about: 'guests who write at the same time', default: '100' },
  seconds: { about: 'seconds a round in which they write', default: '3' }
}

const wanted = 10_000

/** What so many sign-ins, or messages, came to. */
interface Measured {
  perSecond: number
  /** milliseconds of processor time for one, of the containers of each part */
  processorMs: Partial<Record<Part, number>>
}

interface Contestant {
  label: string
  lab: LabInCompose
  crowd: Crowd
  signIns: Measured[]
  messages: (Measured & { p50: number, p99: number })[]
  /** for one sign-in */
  valkey: ValkeyFigures[]
}

/** Sign-ins and messages a second with several replicas of each service on one store, beside one of each on SQLite. */
export const scale: Benchmark = {
  about: 'sign-ins and messages with several replicas of each service on one Valkey, beside SQLite; needs Docker',

  async run (args) {
    const { replicas, rounds: [rounds], 'sign-ins': [signIns], 'at-once': [atOnce], guests: [guests], seconds: [seconds], beside } = readOptions(args, options)
    if (beside !== undefined) throw new Error('scale measures this checkout alone: another would need its own image beside it.')
    console.log(`${environment('fastify', 'oidc-provider', 'openid-client', 'iovalkey')}\n` +
      'Labs in Compose as they are started by users, in turns: services, Valkey, Caddy and whoever signs in and writes share these\n' +
      'processors, so more replicas cannot be faster than one where that one has them busy already. What tells is the processor time of\n' +
      'one sign-in: where it does not grow with the replicas, processors of their own would make them as many times faster.\n' +
      `${rounds} rounds of ${signIns} sign-ins, ${atOnce} at once, without a password; and of ${guests} guests for ${seconds} s, one message under way for each.\n`)
    const contestants: Contestant[] = []
    try {
      for (const count of [0, ...replicas]) {
        const lab = await startLabInCompose(count)
        const contestant = { label: count === 0 ? '1 on SQLite' : `${count} on Valkey`, lab, signIns: [], messages: [], valkey: [] }
        contestants.push({ ...contestant, crowd: await Crowd.gather(lab, guests!) })
      }
      for (const { crowd } of contestants) {
        await crowd.signIn(signIns!, atOnce!)
        await crowd.converse(seconds!)
      }
      for (let round = 0; round < rounds!; round++) {
        for (const contestant of inTurns(contestants, round)) await measure(contestant, signIns!, atOnce!, seconds!)
      }
      console.log(`${compare(contestants)}\n\n${calculate(contestants.find(({ valkey }) => valkey.length > 0)!)}`)
    } finally {
      await Promise.all(contestants.map(({ crowd }) => crowd.leave()))
      for (const { lab } of contestants) await lab.stop()
    }
  }
}

async function measure ({ lab, crowd, signIns, messages, valkey }: Contestant, count: number, atOnce: number, seconds: number) {
  const before = lab.valkey()
  let used = await lab.processorMs()
  const milliseconds = await crowd.signIn(count, atOnce)
  let now = await lab.processorMs()
  signIns.push({ perSecond: count / milliseconds * 1000, processorMs: share(used, now, count) })
  const after = lab.valkey()
  if (before && after) valkey.push(share(before, after, count) as ValkeyFigures)

  used = now
  const latencies = await crowd.converse(seconds)
  now = await lab.processorMs()
  messages.push({
    perSecond: latencies.length / seconds, processorMs: share(used, now, latencies.length), p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99)
  })
}

/** What each figure has grown by, for one of so many. */
function share<K extends string> (before: Partial<Record<K, number>>, after: Partial<Record<K, number>>, count: number): Partial<Record<K, number>> {
  return Object.fromEntries(Object.keys(after).map(key => [key, (after[key as K]! - before[key as K]!) / count])) as Partial<Record<K, number>>
}

function compare (contestants: Contestant[]): string {
  const rowsOf = (of: (contestant: Contestant) => Measured[], digits: number) => contestants.map(contestant => {
    const perSecond = of(contestant).map(measured => measured.perSecond)
    const ratios = perSecond.map((figure, round) => figure / of(contestants[0]!)[round]!.perSecond)
    const processor = parts.map(part => {
      const used = of(contestant).flatMap(({ processorMs }) => processorMs[part] ?? [])
      return used.length > 0 ? median(used).toFixed(digits) : '–'
    })
    return [contestant.label, withSpread(perSecond, 0), withSpread(ratios, 2), ...processor]
  })
  const headOf = (what: string) => [what, 'a second', '× SQLite', ...parts.map(part => `${part}, ms`)]
  return `${table([headOf('sign-ins'), ...rowsOf(({ signIns }) => signIns, 2)])}\n\n` +
    `${table([headOf('messages'), ...rowsOf(({ messages }) => messages, 3)])}\n` +
    `\n${table([['a message takes, ms', 'half of them', '99 of 100'], ...contestants.map(({ label, messages }) =>
      [label, ...(['p50', 'p99'] as const).map(which => withSpread(messages.map(measured => measured[which]), 0))])])}\n` +
    'Median (lowest–highest); ratios of the same round. Processor time of one sign-in or message, in all containers of a part together.'
}

/** On paper: what so many sign-ins a second would take, of what one has taken. */
function calculate ({ label, signIns, valkey }: Contestant): string {
  const of = (name: keyof ValkeyFigures) => median(valkey.map(figures => figures[name]))
  const used = (part: Part) => median(signIns.map(({ processorMs }) => processorMs[part]!))
  const rows: [string, string, string][] = [
    ['Valkey: commands, those inside of scripts too', of('commands').toFixed(0), `${(of('commands') * wanted / 1e6).toFixed(1)} million`],
    ['Valkey: scripts', of('scripts').toFixed(0), `${(of('scripts') * wanted / 1e3).toFixed(0)} thousand`],
    ['Valkey: kilobytes that it reads', (of('bytesIn') / 1e3).toFixed(1), `${(of('bytesIn') * wanted * 8 / 1e9).toFixed(2)} Gbit`],
    ['Valkey: kilobytes that it writes', (of('bytesOut') / 1e3).toFixed(1), `${(of('bytesOut') * wanted * 8 / 1e9).toFixed(2)} Gbit`],
    ['Valkey: keys that stay', of('keys').toFixed(1), `${(of('keys') * wanted / 1e3).toFixed(0)} thousand`],
    ['Valkey: kilobytes of memory that stay', (of('heldBytes') / 1e3).toFixed(1), `${(of('heldBytes') * wanted / 1e6).toFixed(0)} MB`],
    ...(['valkey', 'relying-party', 'idp', 'caddy'] as const).map((part): [string, string, string] =>
      [`${part}: ms of processor time`, used(part).toFixed(2), `${(used(part) * wanted / 1e3).toFixed(1)} processors`])
  ]
  return `${table([[`on paper, from ${label}`, 'a sign-in', `${wanted.toLocaleString('en')} a second`], ...rows])}`
}
