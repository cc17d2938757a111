import type { Transaction } from '../memory.ts'

/** The state was found, so it is one of ours. Who brings it? */
export function bindsState (_transaction: Transaction, _browserCookie: string | undefined): void {}
