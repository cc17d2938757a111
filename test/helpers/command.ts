import { spawn, type SpawnOptionsWithoutStdio } from 'node:child_process'
import type { Test } from 'tap'

/** Why a test that ends a process by a signal is skipped here, if it is. */
export const noSignals = process.platform === 'win32' && 'Windows has no signals: it ends a process at once'

/** A process that a test has started. */
export interface Command {
  pid: number | undefined
  /** the code that it ends with, or the signal that ends it */
  exit: Promise<number | NodeJS.Signals | null>
  /** what it has printed so far, to either stream */
  output (): string
  /** wait until it has printed this after what was there when `from` was taken, the start by default */
  says (pattern: RegExp, from?: number): Promise<void>
  /** to its standard input */
  write (text: string): void
  kill (signal: NodeJS.Signals): void
}

/** Run Node with these arguments, the one that runs this where no other is named; it ends with the test. */
export function runNode (t: Test, args: string[], { node = process.execPath, ...options }: SpawnOptionsWithoutStdio & { node?: string }): Command {
  const child = spawn(node, args, options)
  t.teardown(() => { child.kill('SIGKILL') })
  let output = ''
  const grown = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', text => {
      output += text
      for (const look of [...grown]) look()
    })
  }
  const exit = new Promise<number | NodeJS.Signals | null>(resolve => child.once('close', (code, signal) => resolve(code ?? signal)))
  return {
    pid: child.pid,
    exit,
    output: () => output,
    says: (pattern, from = 0) => new Promise<void>((resolve, reject) => {
      const look = () => { if (pattern.test(output.slice(from))) resolve() }
      grown.add(look)
      look()
      exit.then(code => reject(new Error(`it ended with ${code} and did not say ${pattern}: ${output}`)))
    }),
    write: text => { child.stdin.write(text) },
    kill: signal => { child.kill(signal) }
  }
}
