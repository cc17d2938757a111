// `npm run dev`: each service in a process of its own, which starts anew when a file of that service changes. What the
// services keep lies where `npm start` has it.
import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { helpOrRefuse } from '#lib/settings/command-line.ts'

helpOrRefuse(`Each service in a process of its own, which starts anew when its files change: npm run dev -- [NAME=value ...]

  --help

Each NAME=value is a setting, as for npm start; services/lab.env has the others, and services/README.md says what there is.`)

const settings = join('services', 'lab.env')
const servers = globSync('services/*/server.ts', { exclude: ['services/embedded/**'] })
const onWindows = process.platform === 'win32'

const services = servers.map(server => spawn(process.execPath, [
  ...[dirname(server), join('services', 'lib'), settings].map(path => `--watch-path=${path}`),
  '--watch-preserve-output',
  `--env-file=${settings}`,
  server
], {
  stdio: 'inherit',
  // Out of reach of the terminal's Ctrl-C, which would tell a service twice: once itself, once through who watches it.
  detached: !onWindows
}))

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // Windows tells all who share a console, and has no other way to end a process than at once.
    if (!onWindows) for (const service of services) service.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal)
  })
}

console.log('Each service starts anew when its files change. Ctrl-C ends them.\n')
