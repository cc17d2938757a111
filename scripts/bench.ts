// Measures the lab: `npm run bench` lists the benchmarks, `npm run bench -- messaging` runs one, `npm run bench --
// messaging --help` says what can be chosen.
import type { Benchmark } from './bench/benchmark.ts'
import { UsageError } from './usage-error.ts'
import { attack } from './bench/attack.ts'
import { idp } from './bench/idp.ts'
import { messaging } from './bench/messaging.ts'
import { rp } from './bench/rp.ts'
import { start } from './bench/start.ts'

const benchmarks: Record<string, Benchmark> = { attack, idp, messaging, rp, start }

const [first, ...args] = process.argv.slice(2)
const name = first === '--help' ? undefined : first
const benchmark = name === undefined ? undefined : benchmarks[name]

if (!benchmark) {
  const names = Object.entries(benchmarks).map(([name, { about }]) => `  npm run bench -- ${name.padEnd(12)} ${about}`)
  console.log(`${name === undefined ? '' : `There is no benchmark “${name}”. `}The benchmarks:\n\n${names.join('\n')}`)
  process.exit(name === undefined ? 0 : 1)
}

try {
  await benchmark.run(args)
} catch (error) {
  console.error(error instanceof UsageError ? error.message : error)
  process.exit(1)
}
