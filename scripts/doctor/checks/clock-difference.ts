import type { ProviderConfig } from '../../../services/relying-party/config.ts'
import { ok, problem, skipped, warning, type Row } from '../finding.ts'
import type { Peer } from '../requests/peer.ts'

const noticeableSeconds = 5
// Each of the two clocks is read to the middle of a second.
const unmeasurableSeconds = 1.5
// Of OIDC_CLOCK_TOLERANCE.
const maxToleranceSeconds = 600
// As long as logout tokens are recommended to live: https://openid.net/specs/openid-connect-backchannel-1_0.html#LogoutToken
const logoutTokenLifetimeSeconds = 120

/** What fails when, of a provider whose clock is apart by as much. */
function whatFails (seconds: number, { clockTolerance, authentication }: ProviderConfig): string {
  const apart = Math.abs(seconds)
  const failing = seconds > 0
    ? [[clockTolerance, 'sign-ins and back-channel sign-outs are refused here as from the future']] as const
    : [
        [clockTolerance + logoutTokenLifetimeSeconds, 'back-channel sign-outs are refused here as too old, and people stay signed in'],
        [clockTolerance, 'sign-ins are refused where OIDC_MAX_AGE or OIDC_PROMPT=login ask for a fresh one, and ID tokens that live ' +
          'for less than the difference']
      ] as const
  const fails = failing.filter(([beyond]) => apart > beyond).map(([, what]) => what)
  const soon = failing.filter(([beyond]) => apart <= beyond).map(([beyond, what]) => `beyond ${beyond} s ${what}`)
  return [
    'set both by NTP',
    ...fails,
    ...soon,
    ...(authentication.method === 'private_key_jwt' ? ['the provider may refuse what private_key_jwt has signed'] : []),
    'sessions end early or late',
    ...(fails.length > 0 && apart <= maxToleranceSeconds ? [`until then OIDC_CLOCK_TOLERANCE=${Math.ceil(apart / 60) * 60} helps`] : [])
  ].join('; ')
}

/** Clock skew: how far the clock of a provider is from that of the relying party, or from this machine's where that does not answer. */
export function compareClocks (config: ProviderConfig, provider: Peer, app: Peer): Row {
  const row = { section: 'Clocks', name: `clock of ${new URL(config.issuer).host}` }
  const theirsMs = median(provider.skewsMs)
  if (theirsMs === undefined) return { ...row, ...skipped('no answer had a Date') }
  const oursMs = median(app.skewsMs)
  const whose = oursMs === undefined ? 'this machine\'s' : 'the relying party\'s'
  const seconds = (theirsMs - (oursMs ?? 0)) / 1000
  const seen = Math.abs(seconds) < unmeasurableSeconds
    ? `as ${whose}`
    : `${Math.abs(Math.round(seconds))} s ${seconds > 0 ? 'ahead of' : 'behind'} ${whose}`
  if (Math.abs(seconds) <= noticeableSeconds) return { ...row, ...ok(seen) }
  const change = whatFails(Math.round(seconds), config)
  return { ...row, ...(Math.abs(seconds) > config.clockTolerance ? problem(seen, change) : warning(seen, change)) }
}

function median (values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
}
