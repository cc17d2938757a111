import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { root } from '../../test/helpers/lab.ts'
import { freePorts } from '../../test/kit/free-ports.ts'
import { startLab, type Service } from '../../test/kit/index.ts'
import { readOptions, type Benchmark } from './benchmark.ts'
import { environment } from './shared/environment.ts'
import { table, withSpread } from './shared/statistics.ts'
import { inTurns } from './shared/turns.ts'

const options = {
  rounds: { about: 'starts of each; one more warms up and does not count', default: '15' }
}

const reference = 'oidc-provider'
const pollMs = 2

interface Contestant {
  label: string
  /** returns when the metadata has been answered, with what ends it */
  start: () => Promise<() => Promise<unknown>>
  milliseconds: number[]
}

/** How long a test suite waits for `startLab`, beside a process with `oidc-provider` alone. */
export const kit: Benchmark = {
  about: 'what a test suite waits for startLab(), beside a process with bare oidc-provider',

  async run (args) {
    const { rounds: [rounds] } = readOptions(args, options)
    console.log(`${environment('oidc-provider', 'fastify')}\n` +
      `${rounds} starts of each, one after the other in turns, keys made anew each time; one more warms up. It counts until the metadata\n` +
      'has been answered.\n')
    const contestants: Contestant[] = [
      { label: 'startLab, idp alone', start: () => startOurs(['idp']), milliseconds: [] },
      { label: 'startLab, everything', start: () => startOurs(['idp', 'relying-party', 'genesys']), milliseconds: [] },
      { label: reference, start: startBareProvider, milliseconds: [] }
    ]
    for (let round = 0; round <= rounds!; round++) {
      for (const { start, milliseconds } of inTurns(contestants, round)) {
        const since = performance.now()
        const stop = await start()
        if (round > 0) milliseconds.push(performance.now() - since)
        await stop()
      }
    }
    const bare = contestants.find(({ label }) => label === reference)!.milliseconds
    console.log(table([['', 'milliseconds', 'ratio'], ...contestants.map(({ label, milliseconds }) => [
      label, withSpread(milliseconds, 0), withSpread(milliseconds.map((value, index) => value / bare[index]!), 2)
    ])]) + `\nMedian (lowest–highest); the ratio is that to ${reference} in the same round.`)
  }
}

async function startOurs (services: Service[]) {
  const lab = await startLab({ services })
  await answered(lab.issuer)
  return () => lab.stop()
}

async function startBareProvider () {
  const { IDP_PORT: port } = await freePorts()
  const issuer = `http://127.0.0.1:${port}`
  const provider = spawn(process.execPath, ['scripts/bench/idp/bare-oidc-provider.ts'], {
    cwd: root,
    stdio: 'ignore',
    env: {
      ...process.env, PORT: port, ISSUER: issuer, CLIENT_ID: 'client', CLIENT_SECRET: 'secret-of-the-client', REDIRECT_URI: 'http://127.0.0.1/callback', SUB: 'ada', CLAIMS: '{}'
    }
  })
  const ended = once(provider, 'exit')
  await Promise.race([answered(issuer), ended.then(([code]) => { throw new Error(`${reference} ended with ${code}`) })])
  return () => {
    provider.kill('SIGKILL')
    return ended
  }
}

async function answered (issuer: string): Promise<void> {
  while (!await fetch(`${issuer}/.well-known/openid-configuration`).then(answer => answer.ok, () => false)) await setTimeout(pollMs)
}
