import type { Transaction } from '../memory.ts'
import type { Claims } from '../id-token.ts'

/** The token is signed, and it came straight from the provider. What could be wrong with it? */
export function comparesNonce (_claims: Claims, _transaction: Transaction): void {}
