import { StatementSync } from 'node:sqlite'
import type { Test } from 'tap'

/** Have every commit of this process that has something to write fail as on a full disk, until it is told to go on, or the test ends. */
export function fillDisk (t: Test): () => void {
  const { run } = StatementSync.prototype
  let isFull = true
  let isWriting = false
  t.intercept(StatementSync.prototype, 'run', {
    value (this: StatementSync, ...values: Parameters<StatementSync['run']>) {
      if (this.sourceSQL.startsWith('BEGIN')) isWriting = this.sourceSQL === 'BEGIN IMMEDIATE'
      if (isFull && isWriting && this.sourceSQL === 'COMMIT') throw Object.assign(new Error('database or disk is full'), { errcode: 13 })
      return run.apply(this, values)
    }
  })
  return () => { isFull = false }
}
