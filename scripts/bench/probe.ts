// Loaded before a server under measurement (`node --import`): says, when asked, what its process has used. Garbage is
// collected first where the figure is to be what is in use, rather than how far the collector has got.
import type { Usage } from './server-process.ts'

process.on('message', (request: { collectGarbage: boolean }) => {
  if (request.collectGarbage) globalThis.gc?.()
  const { user, system } = process.cpuUsage()
  const { rss, heapUsed } = process.memoryUsage()
  const peakBytes = process.resourceUsage().maxRSS * 1024
  process.send?.({ residentBytes: rss, peakBytes, heapBytes: heapUsed, cpuMicroseconds: user + system } satisfies Usage)
})
// No server outlives its benchmark, however that ends.
process.on('disconnect', () => process.exit())
