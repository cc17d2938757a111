import { readOptions, type Benchmark } from '../benchmark.ts'
import { environment } from '../shared/environment.ts'
import { mebibytes, settledMemory } from '../shared/memory.ts'
import { hasConsole } from '../shared/server-process.ts'
import { quantile, table, withSpread } from '../shared/statistics.ts'
import { inTurns } from '../shared/turns.ts'
import { converseAll, type BenchGuest } from './bench-guests.ts'
import { startDurableEchoServer, startEchoServer, startGenesysServer, type GenesysServer, type MessagingServer } from './messaging-contestants.ts'

const options = {
  guests: { about: 'numbers of guests at once', default: '200,1000' },
  rounds: { about: 'rounds a server, for each number of guests', default: '6' },
  seconds: { about: 'seconds a round', default: '2' },
  idle: { about: 'guests who are connected and write nothing, for the memory', default: '1000' },
  past: { about: 'conversations that are over, for the memory', default: '3000' }
}

const references = ['genesys, no ledger', 'durable echo', 'echo']
const warmUpSeconds = 1.5
const sampleSize = 20
const leavingAtOnce = 100

/** What one round of one server came to. */
interface Round {
  messagesPerSecond: number
  p50: number
  p99: number
  /** processor time of the server */
  microsecondsPerMessage: number
  /** processors that the console keeps busy, where it follows */
  followerCores: number
}

interface Contestant {
  label: string
  server: MessagingServer
  guests: BenchGuest[]
  rounds: Round[]
}

/** Messages per second, latency and memory of the guest WebSocket, beside bare `ws` servers that send back what comes. */
export const messaging: Benchmark = {
  about: 'authenticated guests who write, beside ws servers that echo, with and without a commit; and the memory of idle ones',

  async run (args) {
    const { guests, rounds: [rounds], seconds: [seconds], idle: [idle], past: [past], beside } = readOptions(args, options)
    console.log(`${environment('ws')}\n${rounds} rounds of ${seconds} s for each server, one server after the other in turns; ` +
      'median (lowest–highest), the ratio of each pair of rounds. One message of 80 characters under way for each guest.\n' +
      'echo: a bare ws server. durable echo: the same, and each message is inserted into a table of SQLite and committed by itself\n' +
      'before it is sent back, with the pragmas of the services\' store (WAL, synchronous = NORMAL): a killed process loses none.\n' +
      'genesys has its ledger, as in a lab where nobody looks at it; “followed”: the console follows it; “no ledger”: all else alike.\n')
    for (const count of guests) await measureThroughput(count, rounds!, seconds!, beside)
    await measureMemory(idle!)
    await measurePast(past!)
  }
}

async function measureThroughput (count: number, rounds: number, seconds: number, beside: string | undefined) {
  const genesys = await startGenesysServer(count)
  const servers: Record<string, MessagingServer> = {
    genesys,
    'genesys, no ledger': await startGenesysServer(count, { ledger: 'none' }),
    'genesys, followed': await startGenesysServer(count, { ledger: 'followed' }),
    ...(beside !== undefined && {
      [`genesys of ${beside}`]: await startGenesysServer(count, { checkout: beside }),
      ...(hasConsole(beside) && { [`genesys of ${beside}, followed`]: await startGenesysServer(count, { checkout: beside, ledger: 'followed' }) })
    }),
    'durable echo': await startDurableEchoServer(),
    echo: await startEchoServer()
  }
  try {
    const contestants: Contestant[] = Object.entries(servers).map(([label, server]) => ({ label, server, guests: [], rounds: [] }))
    for (const contestant of contestants) {
      contestant.guests = await contestant.server.connect(count)
      await converseAll(contestant.guests, warmUpSeconds)
    }
    for (let round = 0; round < rounds; round++) {
      for (const { server, guests, rounds } of inTurns(contestants, round)) rounds.push(await measureRound(server, guests, seconds))
    }
    console.log(compare(count, contestants))
    console.log(await checkHistories(genesys, contestants[0]!.guests) + '\n')
  } finally {
    await Promise.all(Object.values(servers).map(server => server.stop()))
  }
}

async function measureRound (server: MessagingServer, guests: BenchGuest[], seconds: number): Promise<Round> {
  const used = async () => ({ server: (await server.usage()).cpuMicroseconds, follower: (await server.follower?.usage())?.cpuMicroseconds ?? 0 })
  const before = await used()
  const latencies = await converseAll(guests, seconds)
  const after = await used()
  return {
    messagesPerSecond: latencies.length / seconds,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    microsecondsPerMessage: (after.server - before.server) / latencies.length,
    followerCores: (after.follower - before.follower) / 1e6 / seconds
  }
}

function compare (count: number, contestants: Contestant[]): string {
  const roundsOf = (name: string) => contestants.find(({ label }) => label === name)!.rounds
  const ratios = (rounds: Round[], to: string, key: keyof Round) =>
    withSpread(rounds.map((round, index) => round[key] / roundsOf(to)[index]![key]), 2)
  return table([
    [`${count} guests`, 'messages a second', 'p50, ms', 'p99, ms', 'its CPU a message, µs', ...references.flatMap(to => [`to ${to}`, 'its CPU']), 'console, processors'],
    ...contestants.map(({ label, rounds }) => {
      const row = (key: keyof Round, digits: number) => withSpread(rounds.map(round => round[key]), digits)
      return [
        label,
        row('messagesPerSecond', 0),
        row('p50', 1),
        row('p99', 1),
        row('microsecondsPerMessage', 1),
        ...references.flatMap(to => [ratios(rounds, to, 'messagesPerSecond'), ratios(rounds, to, 'microsecondsPerMessage')]),
        label.endsWith('followed') ? row('followerCores', 2) : ''
      ]
    })
  ]) + '\nRatios are those of the same round: of messages a second, and of the server\'s processor time for each.'
}

/** Every echo was compared as it came; this compares what is kept. */
async function checkHistories (genesys: GenesysServer, guests: BenchGuest[]): Promise<string> {
  const step = Math.max(1, Math.floor(guests.length / sampleSize))
  const sample = guests.filter((_, index) => index % step === 0).slice(0, sampleSize)
  for (const guest of sample) {
    const kept = await genesys.history(guest)
    const { acknowledged } = guest
    const length = Math.max(kept.length, acknowledged.length)
    const differs = Array.from({ length }, (_, index) => index).find(index => kept[index] !== acknowledged[index])
    if (differs === undefined) continue
    throw new Error(`A guest has the echoes of ${acknowledged.length} messages, and the history has ${kept.length}. ` +
      `They differ from here on:\nechoes:  ${acknowledged.slice(differs, differs + 3).join(' | ')}\nhistory: ${kept.slice(differs, differs + 3).join(' | ')}`)
  }
  const total = guests.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0)
  return `checked: ${total} echoes with their text and an id; the histories of ${sample.length} guests, message by message`
}

async function measureMemory (count: number) {
  const servers = [await startGenesysServer(count + sampleSize), await startEchoServer()]
  try {
    const perGuest: number[] = []
    const rows: string[][] = []
    for (const [index, server] of servers.entries()) {
      // What the first guests ever bring with them, code above all, is not the memory of a guest.
      const first = await server.connect(sampleSize)
      await converseAll(first, warmUpSeconds)
      await Promise.all(first.map(guest => guest.close()))
      const without = await settledMemory(server)
      await server.connect(count)
      const withGuests = await settledMemory(server)
      perGuest.push((withGuests - without) / count)
      rows.push([index === 0 ? 'genesys' : 'echo', mebibytes(without), mebibytes(withGuests), (perGuest[index]! / 1024).toFixed(1)])
    }
    console.log(table([['resident memory', 'no guest, MiB', `${count} idle guests, MiB`, 'a guest, KiB'], ...rows]))
    console.log(`ratio of an idle guest: ${(perGuest[0]! / perGuest[1]!).toFixed(2)}; measured after garbage was collected`)
  } finally {
    await Promise.all(servers.map(server => server.stop()))
  }
}

/** What is left in memory of guests who came, wrote and went. */
async function measurePast (count: number) {
  const parts = 3
  const aPart = Math.ceil(count / parts)
  const server = await startGenesysServer(parts * aPart + sampleSize)
  try {
    await converseAndLeave(server, sampleSize)
    const samples = [await settledMemory(server)]
    for (let part = 0; part < parts; part++) {
      await converseAndLeave(server, aPart)
      samples.push(await settledMemory(server))
    }
    console.log('\n' + table([
      ['past conversations', ...samples.map((_, part) => String(part * aPart))],
      ['genesys, resident MiB', ...samples.map(mebibytes)]
    ]))
  } finally {
    await server.stop()
  }
}

async function converseAndLeave (server: MessagingServer, count: number) {
  for (let left = count; left > 0; left -= leavingAtOnce) {
    const guests = await server.connect(Math.min(left, leavingAtOnce))
    await converseAll(guests, 0)
    await Promise.all(guests.map(guest => guest.close()))
  }
}
