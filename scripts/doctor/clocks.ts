import { ok, problem, skipped, warning, type Row } from './check.ts'
import type { Peer } from './peer.ts'

const noticeable = 5
// What openid-client and jose are told, or take where nobody tells them.
const tolerated = 30

const whatFails = 'set both by NTP. Beyond 30 s ID tokens are refused as expired or as not yet valid, and the provider refuses ' +
  'what private_key_jwt has signed; sooner, sessions end early or late'

/** How far the clock of a provider is from that of the relying party, or from this machine's where that does not answer. */
export function compareClocks (issuer: string, provider: Peer, app: Peer): Row {
  const row = { section: 'Clocks', name: `clock of ${new URL(issuer).host}` }
  const theirs = median(provider.clock)
  if (theirs === undefined) return { ...row, ...skipped('no answer had a Date') }
  const ours = median(app.clock)
  const whose = ours === undefined ? 'this machine\'s' : 'the relying party\'s'
  const seconds = (theirs - (ours ?? 0)) / 1000
  const seen = Math.abs(seconds) < 1.5
    ? `as ${whose}`
    : `${Math.abs(Math.round(seconds))} s ${seconds > 0 ? 'ahead of' : 'behind'} ${whose}`
  if (Math.abs(seconds) > tolerated) return { ...row, ...problem(seen, whatFails) }
  return { ...row, ...(Math.abs(seconds) > noticeable ? warning(seen, whatFails) : ok(seen)) }
}

function median (values: number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
}
