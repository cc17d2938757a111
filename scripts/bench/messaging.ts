import { readOptions, type Benchmark } from './benchmark.ts'
import { environment } from './environment.ts'
import { converseAll, type BenchGuest } from './guests.ts'
import { mebibytes, settledMemory } from './memory.ts'
import { startEchoServer, startGenesysServer, type GenesysServer, type MessagingServer } from './messaging-servers.ts'
import { quantile, table, withSpread } from './statistics.ts'

const options = {
  guests: { about: 'numbers of guests at once', default: '200,1000' },
  rounds: { about: 'rounds a server, for each number of guests', default: '6' },
  seconds: { about: 'seconds a round', default: '2' },
  idle: { about: 'guests who are connected and write nothing, for the memory', default: '1000' },
  past: { about: 'conversations that are over, for the memory', default: '3000' }
}

const warmUpSeconds = 1.5
const sampleSize = 20
const leavingTogether = 100

/** What one round of one server came to. */
interface Round {
  messagesPerSecond: number
  p50: number
  p99: number
  /** processor time of the server */
  microsecondsPerMessage: number
}

/** Messages per second, latency and memory of the guest WebSocket, beside a bare `ws` echo server. */
export const messaging: Benchmark = {
  about: 'authenticated guests who write, beside a bare ws echo server; and the memory of idle ones',

  async run (args) {
    const { guests, rounds: [rounds], seconds: [seconds], idle: [idle], past: [past] } = readOptions(args, options)
    console.log(`${environment('ws')}\n${rounds} rounds of ${seconds} s for each server, one server after the other in turns; ` +
      'median (lowest–highest), the ratio of each pair of rounds. One message of 80 characters under way for each guest.\n')
    for (const count of guests) await measureThroughput(count, rounds!, seconds!)
    await measureMemory(idle!)
    await measurePast(past!)
  }
}

async function measureThroughput (count: number, rounds: number, seconds: number) {
  const [genesys, echo] = await Promise.all([startGenesysServer(count), startEchoServer()])
  try {
    const contestants = [genesys, echo].map(server => ({ server, guests: [] as BenchGuest[], rounds: [] as Round[] }))
    for (const contestant of contestants) {
      contestant.guests = await contestant.server.connect(count)
      await converseAll(contestant.guests, warmUpSeconds)
    }
    for (let round = 0; round < rounds; round++) {
      // Whoever was last is first in the next round, so that a machine that grows slower or faster favours neither.
      const inOrder = round % 2 === 0 ? contestants : contestants.toReversed()
      for (const { server, guests, rounds } of inOrder) rounds.push(await measureRound(server, guests, seconds))
    }
    console.log(compare(count, contestants[0]!.rounds, contestants[1]!.rounds))
    console.log(await checkHistories(genesys, contestants[0]!.guests) + '\n')
  } finally {
    await Promise.all([genesys.stop(), echo.stop()])
  }
}

async function measureRound (server: MessagingServer, guests: BenchGuest[], seconds: number): Promise<Round> {
  const before = await server.usage()
  const latencies = await converseAll(guests, seconds)
  const after = await server.usage()
  return {
    messagesPerSecond: latencies.length / seconds,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    microsecondsPerMessage: (after.cpuMicroseconds - before.cpuMicroseconds) / latencies.length
  }
}

function compare (count: number, genesys: Round[], echo: Round[]): string {
  const row = (label: string, key: keyof Round, digits: number) => {
    const [ours, theirs] = [genesys, echo].map(rounds => rounds.map(round => round[key]))
    const ratios = ours!.map((value, round) => value / theirs![round]!)
    return [label, withSpread(ours!, digits), withSpread(theirs!, digits), withSpread(ratios, 2)]
  }
  return table([
    [`${count} guests`, 'genesys', 'echo', 'genesys / echo'],
    row('messages per second', 'messagesPerSecond', 0),
    row('latency p50, ms', 'p50', 1),
    row('latency p99, ms', 'p99', 1),
    row('server CPU, µs a message', 'microsecondsPerMessage', 1)
  ])
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
  const server = await startGenesysServer(count + sampleSize)
  try {
    await converseAndLeave(server, sampleSize)
    const looks = [await settledMemory(server)]
    for (let part = 0; part < 3; part++) {
      await converseAndLeave(server, Math.ceil(count / 3))
      looks.push(await settledMemory(server))
    }
    console.log('\n' + table([
      ['past conversations', ...looks.map((_, part) => String(Math.round(part * count / 3)))],
      ['genesys, resident MiB', ...looks.map(mebibytes)]
    ]))
  } finally {
    await server.stop()
  }
}

async function converseAndLeave (server: MessagingServer, count: number) {
  for (let left = count; left > 0; left -= leavingTogether) {
    const guests = await server.connect(Math.min(left, leavingTogether))
    await converseAll(guests, 0)
    await Promise.all(guests.map(guest => guest.close()))
  }
}
