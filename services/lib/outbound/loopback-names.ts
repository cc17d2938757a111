import { lookup as systemLookup, type LookupOptions } from 'node:dns'
import type { LookupFunction } from 'node:net'

const notFound = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA', 'EAI_NONAME'])

// A system that can be asked answers in a few milliseconds, one whose name server does not answer takes seconds to say so.
// Negative cache: where it had no answer a moment ago, less is expected of it; but it is asked again, as a container may have started.
const lookupTimeoutMs = 500
const timeoutAfterNoneMs = 100
const noneCachedMs = 60_000

/**
 * A `lookup` that knows the loopback names.
 *
 * Browsers resolve `*.localhost` to loopback themselves, a host's resolver often does not. The system is asked first,
 * because in Compose its answer is the container that carries the name; when it says not found, or nothing in time about
 * a name that it has never known, the name means this machine.
 *
 * @param system what to ask first, `dns.lookup` as a rule
 * @see https://www.rfc-editor.org/rfc/rfc6761#section-6.3
 */
export function lookupWith (system: LookupFunction): LookupFunction {
  const lastNone = new Map<string, number>()
  // A system that has known a name before, as in a container, is busy where it says nothing: there is no other address to go to.
  const known = new Set<string>()
  const flights = new Map<string, Parameters<LookupFunction>[2][]>()

  // Single flight: a question keeps one of the few threads busy that files and cryptography need as well, for seconds where no name
  // server answers. So the same question is not asked again while it is under way.
  const askOnce: LookupFunction = (hostname, options, callback) => {
    const question = `${hostname} ${JSON.stringify(options)}`
    const waiting = flights.get(question)
    if (waiting) {
      waiting.push(callback)
      return
    }
    const callbacks = [callback]
    flights.set(question, callbacks)
    system(hostname, options, (...answer) => {
      flights.delete(question)
      for (const each of callbacks) each(...answer)
    })
  }

  return (hostname, options: LookupOptions, callback) => {
    if (!isLoopbackName(hostname)) return system(hostname, options, callback)

    let answered = false
    const meansThisMachine = () => {
      answered = true
      lastNone.set(hostname, performance.now())
      return options.all ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4)
    }
    const hadNone = performance.now() - (lastNone.get(hostname) ?? -Infinity) < noneCachedMs
    const timer = known.has(hostname) ? undefined : setTimeout(meansThisMachine, hadNone ? timeoutAfterNoneMs : lookupTimeoutMs)

    askOnce(hostname, options, (error, address, family) => {
      clearTimeout(timer)
      if (!error) {
        lastNone.delete(hostname)
        known.add(hostname)
      }
      if (answered) return
      if (error && notFound.has(error.code ?? '')) return meansThisMachine()
      answered = true
      callback(error, address, family)
    })
  }
}

const hosts = new Map<string, string>()

/** Have a name that this system does not know, as that of a container is, mean an address or another name: what a line in a file of hosts does. */
export function reachAt (hostname: string, address: string): void {
  hosts.set(hostname.toLowerCase(), address)
}

const isLoopbackName = (hostname: string) => /(^|\.)localhost\.?$/i.test(hostname)

const lookupOfSystem = lookupWith(systemLookup)

/** `dns.lookup` that knows the loopback names, and those of `reachAt`. */
export const lookup: LookupFunction = (hostname, options, callback) => lookupOfSystem(hosts.get(hostname.toLowerCase()) ?? hostname, options, callback)
