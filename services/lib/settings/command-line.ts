import { parseArgs, type ParseArgsConfig } from 'node:util'
import { adviceOn } from '../validation/likely-names.ts'

/** What was asked for cannot be done: a message without a stack. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** What was asked for is how the command is used. */
class HelpRequest extends Error {}

/**
 * Read the arguments of a command, with `--help` beside its own options: called within `readOrExit`, which answers that.
 *
 * @throws {UsageError} saying what is wrong, and which option was meant perhaps
 */
export function readArguments<T extends ParseArgsConfig & { options: NonNullable<ParseArgsConfig['options']> }> (config: T) {
  const options = { ...config.options, help: { type: 'boolean' as const } }
  const { values, ...rest } = parse({ ...config, options })
  if (values['help']) throw new HelpRequest()
  return { values, ...rest } as ReturnType<typeof parseArgs<T>>
}

function parse (config: ParseArgsConfig & { options: object }) {
  try {
    return parseArgs(config)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') throw new UsageError(message, { cause: error })
    const [option = ''] = /(?<=')-[^']*(?=')/.exec(message) ?? []
    const names = Object.keys(config.options).map(name => `--${name}`)
    throw new UsageError(`Unknown option '${option}'${adviceOn(option, names)}`, { cause: error })
  }
}

/**
 * What a command is to do, or its end: `--help` prints the usage (exit code 0), a mistake is said with it (2).
 *
 * @param read reads the command line
 */
export function readOrExit<T> (usage: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof HelpRequest) {
      console.log(usage)
      process.exit(0)
    }
    if (!(error instanceof UsageError)) throw error
    console.error(`${error.message}\n\n${usage}`)
    process.exit(2)
  }
}

/** For a command that has no option but `--help`: print its help and end, or say that there is nothing else. */
export function helpOrRefuse (usage: string): void {
  readOrExit(usage, () => readArguments({ options: {} }))
}
