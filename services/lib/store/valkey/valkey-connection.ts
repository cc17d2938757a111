import { Redis, type RedisOptions } from 'iovalkey'
import { readValkeyAddress } from './valkey-address.ts'
import { scriptsOfStore, type ValkeyClient } from './scripts.ts'
import { Subscriptions } from './subscriptions.ts'
import { commandTimeoutMs, isOfWriting, troubleOf, valkeyError, type Trouble } from './valkey-error.ts'

// Compose may start a service and its store at once.
const patienceMs = 10_000
const longestPauseMs = 1_000
const beatEveryMs = 1_000
const beatsPerPing = 5
const sizeIsOldAfterMs = 3_000
const trialMs = 60_000

const connections = new Map<string, { opening: Promise<ValkeyConnection>, users: number }>()

/**
 * Shared connection, counted by reference: all stores of this process on one server have one, as a provider opens hundreds of them.
 *
 * @param trialKey what is written to see whether something can be; of several users', the first counts
 * @returns once the server answers; with `release`, which the last user closes it by
 * @throws {StateError} where it cannot be reached for ten seconds, or refuses the password
 */
export async function shareValkeyConnection (
  url: string, trialKey: string
): Promise<{ connection: ValkeyConnection, release: () => Promise<void> }> {
  const shared = connections.get(url) ?? { opening: ValkeyConnection.open(url, trialKey), users: 0 }
  connections.set(url, shared)
  shared.users++
  const release = async () => {
    if (--shared.users > 0) return
    connections.delete(url)
    const connection = await shared.opening.catch(() => undefined)
    await connection?.close()
  }
  try {
    return { connection: await shared.opening, release }
  } catch (error) {
    await release()
    throw error
  }
}

/**
 * A connection to Valkey that comes back by itself, and knows in words what is wrong with the server.
 *
 * Fail fast: a command fails after two seconds, and at once where there is no connection. None is sent twice, since of one that was
 * not answered nobody knows whether it was done.
 */
export class ValkeyConnection {
  readonly subscriptions: Subscriptions
  readonly #client: ValkeyClient
  readonly #where: string
  readonly #trialKey: string
  readonly #heartbeat: NodeJS.Timeout
  #trouble: Trouble | undefined
  /** why there is no connection */
  #connectionError: Error | undefined
  #beats = 0
  #isBeating = false
  #size = 0
  #sizeReadAt = 0

  static async open (url: string, trialKey: string): Promise<ValkeyConnection> {
    const { where, options } = readValkeyAddress(url)
    const connection = new ValkeyConnection(where, options, trialKey)
    try {
      await connection.#connect()
    } catch (error) {
      await connection.close()
      throw error
    }
    return connection
  }

  private constructor (where: string, address: ReturnType<typeof readValkeyAddress>['options'], trialKey: string) {
    const options: RedisOptions = {
      ...address,
      lazyConnect: true,
      connectTimeout: commandTimeoutMs,
      commandTimeout: commandTimeoutMs,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      // Backoff, with jitter, lest all replicas come back at the same moment.
      retryStrategy: times => Math.min(25 * 2 ** Math.min(times, 10), longestPauseMs) * (0.5 + Math.random() / 2)
    }
    this.#where = where
    this.#trialKey = trialKey
    this.#client = new Redis({ ...options, scripts: scriptsOfStore }) as ValkeyClient
    this.#client.on('error', (error: Error) => { this.#connectionError = error })
    this.#client.on('close', () => this.#note(this.#troubleOfConnection()))
    this.#client.on('ready', () => {
      this.#connectionError = undefined
      this.#beat(true)
    })
    this.subscriptions = new Subscriptions(() => new Redis({ ...options, autoResubscribe: false }), error => this.#inWords(error))
    this.#heartbeat = setInterval(() => this.#beat(), beatEveryMs)
    this.#heartbeat.unref()
  }

  async #connect (): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const giveUp = () => {
      const trouble = this.#troubleOfConnection()
      reject(valkeyError(this.#where, trouble, this.#connectionError))
    }
    const timer = setTimeout(giveUp, patienceMs)
    this.#client.on('error', () => { if (this.#troubleOfConnection() === 'refused') giveUp() })
    this.#client.once('ready', resolve)
    this.#client.connect().catch(() => { /* it tries again by itself */ })
    await promise.finally(() => clearTimeout(timer))
    await this.#readSize()
  }

  /** Why nothing can be kept at the moment, in words. */
  get failure (): string | undefined {
    return this.#trouble && valkeyError(this.#where, this.#trouble).message
  }

  /** Bytes of memory that the server uses, some seconds ago. */
  get size (): number {
    if (performance.now() - this.#sizeReadAt > sizeIsOldAfterMs) this.#readSize().catch(() => { /* it was noted */ })
    return this.#size
  }

  /**
   * @param command what is asked of the server
   * @param options.writes whether an answer shows that something can be written
   * @param options.isProbe whether it is to be seen by this if the server is in order again
   * @throws {StateError} where the server is to blame
   */
  async run<T> (command: (client: ValkeyClient) => Promise<T>, { writes = false, isProbe = false } = {}): Promise<T> {
    // Circuit breaker: a request that asks for several things would wait two seconds for each.
    if (this.#trouble === 'slow' && !isProbe) throw valkeyError(this.#where, 'slow')
    try {
      const answer = await command(this.#client)
      if (this.#trouble !== undefined && (writes || !isOfWriting(this.#trouble))) this.#trouble = undefined
      return answer
    } catch (error) {
      throw this.#inWords(error as Error)
    }
  }

  async close (): Promise<void> {
    clearInterval(this.#heartbeat)
    this.subscriptions.close()
    // What was asked for is answered before.
    if (this.#client.status === 'ready') await this.#client.quit().catch(() => { /* it is gone already */ })
    this.#client.disconnect()
  }

  #inWords (error: Error): Error {
    const trouble = troubleOf(error)
    if (trouble === undefined) return error
    const known = trouble === 'away' ? this.#troubleOfConnection() : trouble
    this.#note(known)
    return valkeyError(this.#where, known, error)
  }

  #note (trouble: Trouble): void {
    this.#trouble = trouble
  }

  #troubleOfConnection (): Trouble {
    return (this.#connectionError && troubleOf(this.#connectionError)) ?? 'away'
  }

  /**
   * Heartbeat, and health probe: a peer that has vanished closes no connection, and whether something can be written again is seen by
   * writing.
   */
  async #beat (isFirst = false): Promise<void> {
    if (this.#isBeating || this.#client.status !== 'ready') return
    const isFailing = this.#trouble !== undefined
    if (!isFirst && !isFailing && ++this.#beats % beatsPerPing > 0) return
    this.#isBeating = true
    try {
      if (isFailing) await this.run(client => client.set(this.#trialKey, '', 'PX', trialMs), { writes: true, isProbe: true })
      else await this.run(client => client.ping())
      await this.subscriptions.ping()
    } catch {
      // Where nothing comes, another connection may do better.
      if (this.#trouble === 'slow') this.#client.disconnect(true)
    } finally {
      this.#isBeating = false
    }
  }

  async #readSize (): Promise<void> {
    this.#sizeReadAt = performance.now()
    const memory = await this.run(client => client.info('memory'))
    this.#size = Number(/^used_memory:(\d+)/m.exec(memory)?.[1])
  }
}
