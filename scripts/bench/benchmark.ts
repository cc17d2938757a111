import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { UsageError } from '../usage-error.ts'

/** Something that can be measured by itself: `npm run bench -- <its name>`. */
export interface Benchmark {
  /** one line for the list */
  about: string
  /** @throws {Error} where it could not be measured, or where what was measured went wrong */
  run (args: string[]): Promise<void>
}

/** An option that takes numbers. */
export interface NumericOption {
  about: string
  default: string
}

/**
 * Read options such as `--rounds 6` and `--guests 200,1000`: positive numbers, several with commas between. `--beside` names
 * another checkout of this project, to be measured in the same run: before and after a change.
 *
 * @throws {UsageError} with the list of options, where one is unknown or malformed, and for `--help`
 */
export function readOptions<K extends string> (args: string[], known: Record<K, NumericOption>): Record<K, number[]> & { beside: string | undefined } {
  const names = Object.keys(known) as K[]
  const options = Object.fromEntries(names.map(name => [name, { type: 'string' as const, default: known[name].default }]))
  const help = names.map(name => `  --${name.padEnd(10)} ${known[name].about} (${known[name].default})`)
    .concat('  --beside     another checkout, to be measured as well').join('\n')
  const read = () => {
    try {
      return parseArgs({ args, options: { ...options, beside: { type: 'string' }, help: { type: 'boolean' } } }).values as Record<string, unknown>
    } catch (error) {
      throw new UsageError(`${(error as Error).message}\n\n${help}`)
    }
  }
  const values = read()
  if (values['help']) throw new UsageError(help)
  const beside = values['beside'] as string | undefined
  const numbers = Object.fromEntries(names.map(name => {
    const numbers = String(values[name]).split(',').map(Number)
    if (!numbers.every(number => number > 0)) throw new UsageError(`--${name} takes numbers above 0.\n\n${help}`)
    return [name, numbers]
  })) as Record<K, number[]>
  return { ...numbers, beside: beside && resolve(beside) }
}
