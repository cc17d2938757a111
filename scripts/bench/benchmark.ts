import { resolve } from 'node:path'
import { readArguments, readOrExit, UsageError } from '#lib/settings/command-line.ts'

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
 * Ends the process where one is unknown or malformed, and for `--help`, with the list of options.
 *
 * @param wrong what is wrong with the numbers together, if anything is
 */
export function readOptions<K extends string> (
  args: string[], known: Record<K, NumericOption>, wrong: (numbers: NoInfer<Record<K, number[]>>) => string | undefined = () => undefined
): Record<K, number[]> & { beside: string | undefined } {
  const names = Object.keys(known) as K[]
  const usage = [...names.map(name => `  --${name.padEnd(10)} ${known[name].about} (${known[name].default})`),
    '  --beside     another checkout, to be measured as well'].join('\n')
  return readOrExit(usage, () => {
    const options = Object.fromEntries(names.map(name => [name, { type: 'string' as const, default: known[name].default }]))
    const { values } = readArguments({ args, options: { ...options, beside: { type: 'string' } } }) as { values: Record<string, string> }
    const numbers = Object.fromEntries(names.map(name => {
      const numbers = values[name]!.split(',').map(Number)
      if (!numbers.every(number => number > 0)) throw new UsageError(`--${name} takes numbers above 0.`)
      return [name, numbers]
    })) as Record<K, number[]>
    const message = wrong(numbers)
    if (message !== undefined) throw new UsageError(message)
    return { ...numbers, beside: values['beside'] && resolve(values['beside']) }
  })
}

/** For benchmarks of sign-ins in rounds, the first of which warms up. */
export function fewerThanTwoRounds ({ 'sign-ins': [signIns], round: [round] }: Record<'sign-ins' | 'round', number[]>) {
  return Math.round(signIns! / round!) < 2 ? '--sign-ins must be at least two rounds: the first warms up.' : undefined
}
