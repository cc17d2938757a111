import type { Claims } from '../id-token.ts'

/** We have asked with our access token. The answer will be about our customer. */
export function comparesUserinfoSub (_userinfo: { sub: string }, _claims: Claims): void {}
