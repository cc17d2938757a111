import { get } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { freePorts, labSettings, root } from '../../../test/helpers/lab.ts'
import { until } from '../../../test/helpers/until.ts'
import { readOptions, type Benchmark } from '../benchmark.ts'
import { environment } from '../shared/environment.ts'
import { mebibytes } from '../shared/memory.ts'
import { nodeOptionsOf, startServer } from '../shared/server-process.ts'
import { makeStateFolder, withStateFolder } from '../shared/temporary-state-folder.ts'
import { table } from '../shared/statistics.ts'
import { guestAttacks, historyBytes, requestWithoutReading, type GuestAttack } from './guest-attacks.ts'

const options = {
  sockets: { about: 'connections, each with its requests and nobody who reads the answers', default: '40' },
  kilobytes: { about: 'of requests on each connection', default: '64' },
  seconds: { about: 'until what is held is looked at', default: '6' }
}

const maxStateMegabytes = 256

type Ports = Awaited<ReturnType<typeof freePorts>>

/** What is asked for again and again, of whom. */
const targets: { service: string, port: keyof Ports, name: string, path: string }[] = [
  { service: 'relying-party', port: 'APP_PORT', name: 'app.localhost', path: '/' },
  { service: 'idp', port: 'IDP_PORT', name: 'idp.localhost', path: '/.well-known/openid-configuration' },
  { service: 'idp', port: 'IDP_PORT', name: 'idp.localhost', path: '/lab/openapi.json' },
  { service: 'genesys', port: 'GENESYS_PORT', name: 'genesys.localhost', path: '/genesys-bootstrap/genesys.min.js' },
  { service: 'embedded', port: 'IDP_PORT', name: 'idp.localhost', path: '/lab/openapi.json' }
]

/** Where a request goes. */
interface Target { port: number, host: string, path: string }

/** The most memory that a server takes while somebody attacks it without an account, beside a bare one where there is such a thing. */
export const attack: Benchmark = {
  about: 'memory under pipelined requests and under what guests can do, where nobody reads, beside bare servers',

  async run (args) {
    const { sockets: [sockets], kilobytes: [kilobytes], seconds: [seconds], beside } = readOptions(args, options)
    console.log(`${environment('fastify')}\n` +
      `${sockets} connections, each with ${kilobytes} KB of GET and nobody who reads; resident memory at its most within ${seconds} s.\n` +
      'Bare Fastify answers with as many bytes.\n')

    const flood = (target: Target) => floodWith({ sockets: sockets!, bytes: kilobytes! * 1024, ms: seconds! * 1000 }, target)
    const rows: string[][] = []
    for (const { service, port: portSetting, name, path } of targets) {
      const measure = async (checkout: string) => {
        const ports = await freePorts()
        const port = Number(ports[portSetting])
        const target = { port, host: `${name}:${port}`, path }
        const server = await startService(checkout, service, port, ports)
        try {
          const length = await lengthOf(target)
          await flood(target)
          return { length, peakBytes: (await server.usage()).peakBytes }
        } finally {
          await server.stop()
        }
      }
      const ours = await measure(root)
      const others = beside === undefined ? undefined : await measure(beside)
      const bare = await measureBare(ours.length, flood)
      rows.push([
        `${service}, ${path}`, mebibytes(ours.peakBytes), ...(others ? [mebibytes(others.peakBytes)] : []), mebibytes(bare),
        (ours.peakBytes / bare).toFixed(2)
      ])
    }
    console.log(table([['MiB', 'ours', ...(beside === undefined ? [] : [beside]), 'bare', 'ratio'], ...rows]))
    await attackAsGuests(beside)
  }
}

/** A service of a checkout, which logs nothing. */
async function startService (checkout: string, service: string, port: number, settings: Record<string, string>) {
  const stateFolder = makeStateFolder()
  const server = await startServer(join(checkout, 'services', service, 'server.ts'), port, labSettings({
    ...settings, ...nodeOptionsOf(checkout), LOG_LEVEL: 'silent', LOG_FORMAT: 'json', STATE_DIR: stateFolder
  }))
  return withStateFolder(server, stateFolder)
}

async function attackAsGuests (beside: string | undefined) {
  console.log(`\nWhat anybody can do to the messaging service, with its rate limits and GENESYS_MAX_STATE_MB=${maxStateMegabytes}:\n`)
  const rows: string[][] = []
  for (const attack of guestAttacks) {
    const ours = await measureGuestAttack(attack, root)
    const others = beside === undefined ? undefined : await measureGuestAttack(attack, beside)
    const bare = attack.bare && await measureBareUnder(attack)
    rows.push([
      attack.about, mebibytes(ours.peakBytes), ...(others ? [mebibytes(others.peakBytes)] : []), bare === undefined ? '–' : mebibytes(bare),
      ours.outcome
    ])
  }
  console.log(table([['MiB', 'ours', ...(beside === undefined ? [] : [beside]), 'bare', ''], ...rows]))
}

async function measureGuestAttack ({ run }: GuestAttack, checkout: string) {
  const ports = await freePorts()
  const port = Number(ports.GENESYS_PORT)
  const server = await startService(checkout, 'genesys', port, { ...ports, GENESYS_MAX_STATE_MB: String(maxStateMegabytes) })
  try {
    const { outcome, release } = await run(port)
    const { peakBytes } = await server.usage()
    release()
    return { outcome, peakBytes }
  } finally {
    await server.stop()
  }
}

async function measureBareUnder ({ run, bare }: GuestAttack): Promise<number> {
  const { APP_PORT } = await freePorts()
  const port = Number(APP_PORT)
  const script = bare === 'echo' ? '../shared/echo-server.ts' : 'bare-fastify-server.ts'
  const server = await startServer(join(import.meta.dirname, script), port, {
    PORT: APP_PORT, LENGTH: String(historyBytes), ...nodeOptionsOf(root)
  })
  try {
    const { release } = bare === 'echo' ? await run(port) : await requestWithoutReading(port, Array.from({ length: 400 }, () => ['/']))
    const { peakBytes } = await server.usage()
    release()
    return peakBytes
  } finally {
    await server.stop()
  }
}

async function measureBare (length: number, flood: (target: Target) => Promise<void>): Promise<number> {
  const { APP_PORT: port } = await freePorts()
  const server = await startServer(join(import.meta.dirname, 'bare-fastify-server.ts'), Number(port), {
    PORT: port, LENGTH: String(length), ...nodeOptionsOf(root)
  })
  try {
    await flood({ port: Number(port), host: `localhost:${port}`, path: '/' })
    return (await server.usage()).peakBytes
  } finally {
    await server.stop()
  }
}

async function floodWith (
  { sockets, bytes, ms }: { sockets: number, bytes: number, ms: number }, { port, host, path }: Target
): Promise<void> {
  const request = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`
  const requests = request.repeat(Math.floor(bytes / request.length))
  const connections = Array.from({ length: sockets }, () => {
    const socket = connect(port, '127.0.0.1', () => { socket.write(requests) })
    return socket.pause().on('error', () => {})
  })
  await pause(ms)
  for (const socket of connections) socket.destroy()
}

/** Characters of an answer, once there is one. */
async function lengthOf ({ port, host, path }: Target): Promise<number> {
  let length = 0
  await until(`${path} is answered`, () => new Promise(resolve => {
    get({ host: '127.0.0.1', port, path, headers: { host } }, response => {
      length = 0
      response.on('data', (data: Buffer) => { length += data.length }).once('end', () => resolve(response.statusCode! < 400))
    }).once('error', () => resolve(false))
  }))
  return length
}
