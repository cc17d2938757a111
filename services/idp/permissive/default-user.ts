import type { Accounts } from '../accounts/accounts.ts'
import type { User } from '../accounts/users.ts'

/** The user whom a mock that asks nobody would sign in. */
export const defaultUser = (accounts: Accounts): User | undefined => accounts.all.find(user => !user.disabled)
