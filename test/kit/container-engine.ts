import { existsSync, readFileSync } from 'node:fs'
import { request as requestPlain, type RequestOptions } from 'node:http'
import { request as requestByTls } from 'node:https'
import { homedir, userInfo } from 'node:os'
import { join } from 'node:path'

/** A container engine that answers. */
export interface ContainerEngine {
  /** in words */
  where: string
  has (image: string): Promise<boolean>
}

/** Where an engine may be. */
interface Endpoint {
  where: string
  url: string
}

// An engine answers in milliseconds; whoever waits for one that does not is to lose less than a second.
const patienceMs = 700
const manifest = new URL('../../package.json', import.meta.url)

/** The image that is to be used: `LAB_IMAGE`, or that of the lab in the version that this is. */
export const labImage = (): string => process.env['LAB_IMAGE'] || ownImage()

/** No registry has it: whoever uses it has built it. */
function ownImage (): string {
  const { name, version } = JSON.parse(readFileSync(manifest, 'utf8')) as { name: string, version: string }
  return `${name}:${version}`
}

/**
 * The container engine that testcontainers would use. It is asked for here first, as testcontainers waits for ever for one that hangs,
 * takes another in place of one that was named and does not answer, and says of none where it is.
 *
 * @throws {Error} with what is wrong, within a second
 */
export async function findEngine (): Promise<ContainerEngine> {
  const named = namedEndpoints()
  const endpoints = named.length > 0 ? named : usualEndpoints()
  if (endpoints.length === 0) throw new Error('there is no container engine: DOCKER_HOST names none, and no socket is where they usually are')
  const signal = AbortSignal.timeout(patienceMs)
  const failures: string[] = []
  for (const { where, url } of endpoints) {
    try {
      const status = await ask(url, '/_ping', signal)
      if (status === 200) return { where, has: async image => await ask(url, `/images/${image}/json`, AbortSignal.timeout(patienceMs)) === 200 }
      failures.push(`what answers at ${where} is no container engine: it says ${status}`)
    } catch (error) {
      failures.push(`no container engine answers at ${where}: ${signal.aborted ? `nothing came in ${patienceMs / 1_000} s` : (error as Error).message}`)
    }
  }
  throw new Error(failures.join('; '))
}

/**
 * The container engine, with the image where no registry could have it.
 *
 * @throws {Error} with what is wrong and what helps, within a second
 */
export async function findEngineWith (image: string): Promise<ContainerEngine> {
  const engine = await findEngine().catch((error: Error) => { throw new Error(`The lab cannot run in a container: ${error.message}.`) })
  if (image !== ownImage() || await engine.has(image)) return engine
  throw new Error(`The lab cannot run in a container: the engine at ${engine.where} has no image ${image}, which no registry has either. ` +
    `\`docker build -f services/Dockerfile -t ${image} .\` in the lab's repository makes it, or LAB_IMAGE names another.`)
}

/** What testcontainers is told of: https://node.testcontainers.org/configuration/ */
function namedEndpoints (): Endpoint[] {
  const file = join(homedir(), '.testcontainers.properties')
  const properties = existsSync(file) ? readFileSync(file, 'utf8') : ''
  // A file of properties, as Java writes it, has a backslash before a colon.
  const ofFile = Object.fromEntries([...properties.matchAll(/^\s*(tc|docker)\.host\s*[=:]\s*(\S+)/gm)].map(([, name, url]) => [name, url!.replaceAll('\\', '')]))
  const { DOCKER_HOST: ofEnvironment } = process.env
  return [
    { url: ofFile['tc'], where: `${ofFile['tc']}, as tc.host of ${file} has it` },
    ofEnvironment === undefined
      ? { url: ofFile['docker'], where: `${ofFile['docker']}, as docker.host of ${file} has it` }
      : { url: ofEnvironment, where: `${ofEnvironment}, as DOCKER_HOST has it` }
  ].filter((endpoint): endpoint is Endpoint => Boolean(endpoint.url))
}

function usualEndpoints (): Endpoint[] {
  if (process.platform === 'win32') return [{ where: '//./pipe/docker_engine', url: 'npipe:////./pipe/docker_engine' }]
  const { XDG_RUNTIME_DIR: runtime } = process.env
  return [
    '/var/run/docker.sock',
    ...runtime === undefined ? [] : [join(runtime, 'docker.sock')],
    join(homedir(), '.docker', 'run', 'docker.sock'),
    join(homedir(), '.docker', 'desktop', 'docker.sock'),
    `/run/user/${userInfo().uid}/docker.sock`
  ].filter(path => existsSync(path)).map(path => ({ where: path, url: `unix://${path}` }))
}

/** The status that the engine answers with. */
function ask (url: string, path: string, signal: AbortSignal): Promise<number> {
  const { hostname, port, pathname } = new URL(url)
  const { DOCKER_TLS_VERIFY: tls, DOCKER_CERT_PATH: folder } = process.env
  const isByTls = hostname !== '' && tls === '1' && folder !== undefined
  const certificates = isByTls && { ca: readFileSync(join(folder, 'ca.pem')), cert: readFileSync(join(folder, 'cert.pem')), key: readFileSync(join(folder, 'key.pem')) }
  const options: RequestOptions = { ...hostname === '' ? { socketPath: pathname } : { hostname, port }, ...certificates, path, signal, agent: false }
  return new Promise((resolve, reject) => {
    (isByTls ? requestByTls : requestPlain)(options, response => {
      response.resume()
      resolve(response.statusCode!)
    }).once('error', reject).end()
  })
}
