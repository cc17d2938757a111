import { setTimeout as pause } from 'node:timers/promises'
import { readOptions, type Benchmark } from '../benchmark.ts'
import { environment } from '../shared/environment.ts'
import { quantile, table } from '../shared/statistics.ts'
import { Crowd } from './crowd.ts'
import { startLabInCompose } from './lab-in-compose.ts'

const options = {
  replicas: { about: 'replicas of each service', default: '3' },
  guests: { about: 'guests who are connected and write', default: '2000' },
  minutes: { about: 'minutes', default: '10' },
  pause: { about: 'seconds between a guest\'s messages', default: '10' }
}

const minuteMs = 60_000
const shown = ['genesys', 'relying-party', 'idp', 'valkey', 'caddy'] as const

/** Whether memory stays what it is while many guests write for a while. */
export const endurance: Benchmark = {
  about: 'two thousand guests on three replicas for ten minutes: what is held, minute by minute; needs Docker',

  async run (args) {
    const { replicas: [replicas], guests: [guests], minutes: [minutes], pause: [pauseSeconds], beside } = readOptions(args, options)
    if (beside !== undefined) throw new Error('endurance measures this checkout alone: another would need its own image beside it.')
    console.log(`${environment('fastify', 'ws', 'iovalkey')}\n${guests} guests on ${replicas} replicas of each service, on one Valkey; a message of each every ` +
      `${pauseSeconds} s.\nMiB of each container, without what the system keeps of files; Valkey keeps the messages.\n`)
    const lab = await startLabInCompose(replicas!)
    try {
      const crowd = await Crowd.gather(lab, guests!)
      const rows = [['minute', 'messages', 'half take, ms', '99 of 100', ...shown.map(part => `${part}, MiB`)]]
      let latencies: number[] = []
      let isOver = false
      const look = async (minute: number) => {
        const memory = await lab.memoryMiB()
        const quantiles = [0.5, 0.99].map(share => latencies.length > 0 ? quantile(latencies, share).toFixed(0) : '–')
        rows.push([String(minute), String(latencies.length), ...quantiles, ...shown.map(part => memory[part]!.map(held => held.toFixed(0)).join(' '))])
        latencies = []
      }
      await look(0)
      const conversing = Promise.all(crowd.guests.map(async guest => {
        await pause(Math.random() * pauseSeconds! * 1000)
        await guest.converse(() => isOver, latency => latencies.push(latency), pauseSeconds! * 1000)
      }))
      const looking = (async () => {
        for (let minute = 1; minute <= minutes!; minute++) {
          await pause(minuteMs)
          await look(minute)
        }
        isOver = true
      })()
      // Whoever is thrown out ends it at once.
      await Promise.race([conversing, looking])
      await Promise.all([conversing, looking])
      console.log(`${table(rows)}\nNobody was thrown out, and every message was echoed.`)
      await crowd.leave()
    } finally {
      await lab.stop()
    }
  }
}
