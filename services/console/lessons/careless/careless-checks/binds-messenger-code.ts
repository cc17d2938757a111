import type { Transaction } from '../memory.ts'

/** The chat gets the code that has arrived. */
export function bindsMessengerCode (_transaction: Transaction, _browserCookie: string | undefined, _session: string | undefined): void {}
