import type { LedgerEntry } from '../../services/lib/ledger/ledger-entry.ts'

/** What was exchanged, as lines of text: for an error that says what happened instead. */
export function drawingOf (entries: readonly LedgerEntry[]): string {
  if (entries.length === 0) return '\nNothing was exchanged there.'
  const parties = [...new Set(entries.flatMap(({ from, to }) => [from, to]))]
  const width = Math.max(...parties.map(({ length }) => length))
  return `\nWhat was exchanged:\n${entries.map(({ from, to, method, endpoint, status, answer, faults, client_id: client, username }) => [
    `  ${from.padStart(width)} → ${to.padEnd(width)}  ${method} ${endpoint}`,
    `${status}${typeof answer['error'] === 'string' ? ` ${answer['error']}` : ''}`,
    [client, username].filter(name => name !== undefined).join(', '),
    ...faults.map(fault => `⚡ ${fault}`)
  ].filter(part => part !== '').join('  ')).join('\n')}`
}
