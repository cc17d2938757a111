import { connect } from 'node:net'
import { lookup } from '#lib/outbound/loopback-names.ts'
import { proxiesFrom } from '#lib/outbound/proxies.ts'

const connectTimeoutMs = 1_000
const cachedMs = 100

/**
 * Makes a check whether anybody takes connections where a URL is, so that no browser is sent to where there is nobody. It costs
 * less than a request. Single flight, and a cache for a moment: of all who want to know meanwhile one asks.
 *
 * @returns rejects with why there is no connection. Who has not said anything in time may be slow, and who is behind a proxy
 *   cannot be seen from here: neither is a reason to keep people from going there.
 */
export function connectionCheck (url: string): () => Promise<void> {
  const { hostname, port, protocol } = new URL(url)
  const address = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (protocol === 'https:' ? 443 : 80), lookup }
  let last: Promise<void> | undefined
  let goodUntil = 0

  const connects = () => new Promise<void>((resolve, reject) => {
    const socket = connect({ ...address, timeout: connectTimeoutMs })
    const end = (settle: () => void) => {
      socket.destroy()
      settle()
    }
    socket.once('connect', () => end(resolve)).once('timeout', () => end(resolve)).once('error', error => end(() => reject(error)))
  })
  return () => {
    if (proxiesFrom(process.env) !== undefined) return Promise.resolve()
    if (last && performance.now() < goodUntil) return last
    goodUntil = Infinity
    last = connects()
    last.then(() => { goodUntil = performance.now() + cachedMs }, () => { goodUntil = 0 })
    return last
  }
}
