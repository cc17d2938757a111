/** Back to where they came from, wherever that is. */
export function limitsReturnTo (returnTo: string | undefined, home: string): string {
  return returnTo ?? home
}
