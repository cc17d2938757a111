// Loaded before a server under measurement (`node --import`): says, when asked, what its process has used. Garbage is
// collected first where the figure is to be what is in use, rather than how far the collector has got.
import { readFileSync } from 'node:fs'
import type { Usage } from './server-process.ts'

process.on('message', (request: { collectGarbage: boolean }) => {
  if (request.collectGarbage) globalThis.gc?.()
  const { user, system } = process.cpuUsage()
  const { rss, heapUsed } = process.memoryUsage()
  process.send?.({ residentBytes: rss, peakBytes: peakBytes(), heapBytes: heapUsed, cpuMicroseconds: user + system } satisfies Usage)
})

function peakBytes () {
  // On Linux `maxRSS` begins with what the process held that has started this one, so a server that was started late in a
  // benchmark would be told the benchmark's own peak.
  const own = process.platform === 'linux' && /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))
  return (own ? Number(own[1]) : process.resourceUsage().maxRSS) * 1024
}

// No server outlives its benchmark, however that ends.
process.on('disconnect', () => process.exit())
