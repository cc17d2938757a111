import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, rmSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { freePorts, labSettings, root } from '../../test/helpers/lab.ts'
import { readOptions, type Benchmark } from './benchmark.ts'
import { environment } from './shared/environment.ts'
import { mebibytes } from './shared/memory.ts'
import { hasConsole } from './shared/server-process.ts'
import { makeStateFolder } from './shared/temporary-state-folder.ts'
import { table, withSpread } from './shared/statistics.ts'
import { inTurns } from './shared/turns.ts'

const options = {
  rounds: { about: 'starts of each; one more warms up and does not count', default: '15' }
}

const reference = 'oidc-provider'
const pollMs = 2
const settleMs = 500

interface Contestant {
  label: string
  /** arguments of node */
  args: string[]
  cwd: string
  env: Record<string, string>
  /** what is asked until each has answered with 200 */
  urls: string[]
  starts: Start[]
}

interface Start {
  milliseconds: number
  residentBytes: number
}

/** How long the lab takes from nothing to its first answers, and what it holds then, beside `oidc-provider` alone. */
export const start: Benchmark = {
  about: 'from nothing to the first answer, and the memory then, beside bare oidc-provider',

  async run (args) {
    const { rounds: [rounds], beside } = readOptions(args, options)
    console.log(`${environment('oidc-provider', 'fastify')}\n` +
      `${rounds} starts of each, one after the other in turns, each with an empty state folder, so that keys are made too; one more\n` +
      'warms up. It counts until the provider has answered with its metadata, and the lab until provider, genesys and relying party\n' +
      'are ready. The console is built for its first request: “lab and console” has one wait for that, too.\n')

    const contestants = await prepare(beside)
    for (let round = 0; round <= rounds!; round++) {
      for (const contestant of inTurns(contestants, round)) {
        const start = await measure(contestant)
        if (round > 0) contestant.starts.push(start)
      }
    }
    console.log(compare(contestants))
  }
}

async function prepare (beside: string | undefined): Promise<Contestant[]> {
  const ports = await freePorts()
  const at = (port: string, path: string) => `http://127.0.0.1:${port}${path}`
  const metadata = at(ports.IDP_PORT, '/.well-known/openid-configuration')
  const ready = [ports.IDP_PORT, ports.GENESYS_PORT, ports.APP_PORT].map(port => at(port, '/readyz'))
  const contestant = (label: string, cwd: string, args: string[], urls: string[], env: Record<string, string> = {}) => ({
    label, cwd, args, urls, starts: [], env: labSettings({ LOG_FORMAT: 'json', PATH: process.env['PATH'] ?? '', ...ports, ...env })
  })
  const ofLab = (checkout: string, suffix: string) => [
    contestant(`lab${suffix}`, checkout, launched(checkout, 'services/embedded/server.ts'), ready),
    ...(hasConsole(checkout)
      ? [contestant(`lab and console${suffix}`, checkout, launched(checkout, 'services/embedded/server.ts'), [...ready, at(ports.CONSOLE_PORT, '/readyz')])]
      : []),
    contestant(`idp${suffix}`, checkout, launched(checkout, 'services/idp/server.ts'), [metadata])
  ]
  const bare = {
    PORT: ports.IDP_PORT,
    ISSUER: `http://127.0.0.1:${ports.IDP_PORT}`,
    CLIENT_ID: 'client',
    CLIENT_SECRET: 'secret-of-the-client',
    REDIRECT_URI: 'http://127.0.0.1/callback',
    SUB: 'ada',
    CLAIMS: '{}'
  }
  return [
    ...ofLab(root, ''),
    ...(beside === undefined ? [] : ofLab(beside, ` of ${beside}`)),
    contestant(reference, root, ['scripts/bench/idp/bare-oidc-provider.ts'], [metadata], bare)
  ]
}

/** As `npm start` does it, without npm. */
const launched = (checkout: string, script: string): string[] => existsSync(join(checkout, 'scripts/launch.js'))
  ? ['--max-semi-space-size=4', 'scripts/launch.js', script]
  : [script]

async function measure ({ label, args, cwd, env, urls }: Contestant): Promise<Start> {
  const stateFolder = makeStateFolder()
  const since = performance.now()
  const server = spawn(process.execPath, args, { cwd, env: { ...env, STATE_DIR: stateFolder }, stdio: 'ignore' })
  const ended = once(server, 'exit')
  try {
    await Promise.race([
      Promise.all(urls.map(answered)),
      ended.then(([code]) => { throw new Error(`${label} ended with ${code}`) })
    ])
    const milliseconds = performance.now() - since
    await pause(settleMs)
    return { milliseconds, residentBytes: residentBytesOf(server.pid!) }
  } finally {
    server.kill('SIGTERM')
    await ended
    rmSync(stateFolder, { recursive: true })
  }
}

async function answered (url: string): Promise<void> {
  while (await statusOf(url) !== 200) await pause(pollMs)
}

function statusOf (url: string): Promise<number | undefined> {
  return new Promise(resolve => {
    get(url, { agent: false }, response => {
      response.resume().once('end', () => resolve(response.statusCode))
    }).once('error', () => resolve(undefined))
  })
}

function residentBytesOf (pid: number): number {
  return Number(spawnSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).stdout) * 1024
}

function compare (contestants: Contestant[]): string {
  const bare = contestants.find(({ label }) => label === reference)!
  const rows = contestants.map(({ label, starts }) => [
    label,
    withSpread(starts.map(({ milliseconds }) => milliseconds), 0),
    withSpread(starts.map(({ milliseconds }, index) => milliseconds / bare.starts[index]!.milliseconds), 2),
    withSpread(starts.map(({ residentBytes }) => Number(mebibytes(residentBytes))), 0)
  ])
  return table([['', 'milliseconds', 'ratio', 'resident MiB'], ...rows]) +
    `\nMedian (lowest–highest); the ratio is that to ${reference} in the same round.`
}
