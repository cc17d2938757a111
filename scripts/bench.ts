// Measures the lab: `npm run bench` lists the benchmarks, `npm run bench -- messaging` runs one, `npm run bench --
// messaging --help` says what can be chosen.
import { readArguments, readOrExit, UsageError } from '#lib/settings/command-line.ts'
import { adviceOn } from '#lib/validation/likely-names.ts'
import { attack } from './bench/attack/attack-benchmark.ts'
import type { Benchmark } from './bench/benchmark.ts'
import { idp } from './bench/idp/idp-benchmark.ts'
import { kit } from './bench/kit-benchmark.ts'
import { liveView } from './bench/live-view/live-view-benchmark.ts'
import { messaging } from './bench/messaging/messaging-benchmark.ts'
import { page } from './bench/page-benchmark.ts'
import { rp } from './bench/relying-party/relying-party-benchmark.ts'
import { endurance } from './bench/scale/endurance-benchmark.ts'
import { scale } from './bench/scale/scale-benchmark.ts'
import { start } from './bench/start-benchmark.ts'

const benchmarks: Record<string, Benchmark> = { attack, endurance, idp, kit, 'live-view': liveView, messaging, page, rp, scale, start }
const list = Object.entries(benchmarks).map(([name, { about }]) => `  npm run bench -- ${name.padEnd(12)} ${about}`)
const [name = '--help', ...args] = process.argv.slice(2)

const benchmark = readOrExit(`The benchmarks:\n\n${list.join('\n')}\n\n--help after a name says what can be chosen, and what is otherwise.`, () => {
  if (name.startsWith('-')) readArguments({ args: [name], options: {} })
  if (!benchmarks[name]) throw new UsageError(`There is no benchmark “${name}”${adviceOn(name, Object.keys(benchmarks))}`)
  return benchmarks[name]
})
await benchmark.run(args)
