// Loaded before a service under measurement (`node --import`): has it run without its ledger, and all else as it is in a lab. What
// records is replaced as it is loaded, so that the services need no switch for it.
import { registerHooks } from 'node:module'

const idle: Record<string, string> = {
  'lib/ledger/service-ledger.ts': 'export async function serviceLedger () {}',
  'genesys/recording/guest-frames.ts': 'export function recordGuestFrames () {}',
  'idp/recording/record-http-exchanges.ts': 'export async function recordHttpExchanges () {}'
}

registerHooks({
  load (url, context, nextLoad) {
    const path = Object.keys(idle).find(path => url.endsWith(`/services/${path}`))
    return path === undefined ? nextLoad(url, context) : { format: 'module', source: idle[path]!, shortCircuit: true }
  }
})
