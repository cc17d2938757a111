/** What was asked for cannot be done, or was the help: a message without a stack. */
export class UsageError extends Error {
  override name = 'UsageError'
}
