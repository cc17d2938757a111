// The lab in a container, in the idiom of testcontainers' modules. An entry of its own: whoever uses no container need not have testcontainers.
import './refuse-old-node.ts'
import { isIP } from 'node:net'
import { AbstractStartedContainer, GenericContainer, getContainerRuntimeClient, Wait, type StartedTestContainer } from 'testcontainers'
import { reachAt } from '../../services/lib/outbound/loopback-names.ts'
import { addressesOf, commonSettings, loadSettings } from '../../services/lib/settings/settings.ts'
import type { Addresses } from './addresses.ts'
import { findEngineWith, labImage } from './container-engine.ts'
import { freePorts, portSettings } from './free-ports.ts'
import { Lab } from './lab.ts'

const attempts = 20
const pollMs = 250

/** The whole lab in a container. `withEnvironment` takes settings of the lab; ports are free ones where those do not say otherwise. */
export class OidcLabContainer extends GenericContainer {
  #createdId: string | undefined

  /** @param image `LAB_IMAGE` where left out, or `oidc-messenger-lab` in the version of this package */
  constructor (image: string = labImage()) {
    super(image)
  }

  /**
   * Start it, and wait until it is ready. With a network alias its URLs have that for their host: by these the other containers of the
   * network find it, and so does the kit in this process.
   *
   * @throws {Error} where it cannot be; within a second where no engine answers
   */
  override async start (): Promise<StartedOidcLabContainer> {
    await findEngineWith(this.imageName.string)
    const { container: containers, info: { containerRuntime: { host } } } = await getContainerRuntimeClient()
    const { createOpts, hostConfig, exposedPorts, environment, waitStrategy, networkAliases: [alias] } = this
    if (alias !== undefined) reachAt(alias, host)
    for (let attempt = 1; ; attempt++) {
      const free = await freePorts()
      const settings = { ...settingsFor(alias ?? host, { ...free, ...environment }), ...environment }
      const addresses = addressesOf(loadSettings('The lab', commonSettings, settings))
      const ports = portSettings.map(name => Number(settings[name]))
      // Nothing is kept of an attempt before.
      Object.assign(this, { createOpts: { ...createOpts }, hostConfig: { ...hostConfig }, exposedPorts, environment })
      this.withEnvironment(settings).withExposedPorts(...ports.map(port => ({ container: port, host: port })))
      // It reaches itself by the name of the machine that its engine is on, where it has no network to find that by.
      if (alias === undefined && isIP(host) === 0 && !isThisMachine(host)) this.withExtraHosts([{ host, ipAddress: '127.0.0.1' }])
      if (waitStrategy === undefined) this.withWaitStrategy(untilReady(ports))
      try {
        return new StartedOidcLabContainer(await super.start(), addresses)
      } catch (error) {
        if (this.#createdId !== undefined) await containers.getById(this.#createdId).remove({ force: true, v: true }).catch(() => {})
        // Optimistic: a port was free when it was looked at, and another process may have taken it since.
        if (!isTaken(error, Object.values(free)) || attempt === attempts) throw error
      }
    }
  }

  protected override async containerCreated (id: string): Promise<void> {
    this.#createdId = id
  }
}

/** A lab that runs in a container, with all that a `Lab` has. */
export class StartedOidcLabContainer extends AbstractStartedContainer implements Omit<Lab, 'how' | 'why' | 'logs' | 'stop'> {
  readonly app: Lab['app']
  readonly issuer: Lab['issuer']
  readonly genesys: Lab['genesys']
  readonly console: Lab['console']
  readonly root: Lab['root']
  /** @internal */
  readonly addresses: Addresses
  readonly #lab: Lab

  constructor (container: StartedTestContainer, addresses: Addresses) {
    super(container)
    const lab = new Lab({ how: 'container', why: 'it was started as one', addresses, logs: () => '', stop: async () => {} })
    this.app = lab.app
    this.issuer = lab.issuer
    this.genesys = lab.genesys
    this.console = lab.console
    this.root = lab.root
    this.addresses = addresses
    this.#lab = lab
  }

  realm (...options: Parameters<Lab['realm']>): ReturnType<Lab['realm']> {
    return this.#lab.realm(...options)
  }

  reset (): ReturnType<Lab['reset']> {
    return this.#lab.reset()
  }

  protected override containerStopping (): Promise<void> {
    return this.#lab.stop()
  }
}

/** Where the lab is: by the one name, or in two sites where that is no name but this machine. */
function settingsFor (host: string, ports: Record<string, string>): Record<string, string> {
  const common = { ...ports, LOG_LEVEL: 'warn', LOG_FORMAT: 'json' }
  if (isThisMachine(host)) return { ...common, LOCALHOST_SUBDOMAINS: 'off' }
  const portOf = { APP_URL: 'APP_PORT', IDP_ISSUER: 'IDP_PORT', GENESYS_URL: 'GENESYS_PORT', CONSOLE_URL: 'CONSOLE_PORT' }
  return { ...common, ...Object.fromEntries(Object.entries(portOf).map(([name, port]) => [name, `http://${host}:${ports[port]}`])) }
}

const isThisMachine = (host: string) => host === 'localhost' || host === '::1' || host.startsWith('127.')

// The console is there as soon as somebody asks for it.
const untilReady = ([app, idp, genesys]: number[]) =>
  Wait.forAll([app!, idp!, genesys!].map(port => Wait.forHttp('/readyz', port, { abortOnContainerExit: true }).forStatusCode(200).withReadTimeout(pollMs)))

const isTaken = (error: unknown, ports: string[]) =>
  error instanceof Error && /already (allocated|in use)/.test(error.message) && ports.some(port => error.message.includes(`:${port}`))
