import type { Transaction } from '../memory.ts'

/** We remember whom we have asked. Who else should answer? */
export function comparesIssParameter (_iss: string | undefined, _transaction: Transaction): void {}
