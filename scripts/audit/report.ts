/** What `npm audit --json` prints, as far as it is read here: https://docs.npmjs.com/cli/v11/commands/npm-audit */
interface AuditReport {
  vulnerabilities: Record<string, Vulnerability>
  metadata: { dependencies: { prod: number } }
}

interface Vulnerability {
  name: string
  isDirect: boolean
  /** advisories of the package itself, and names of packages below it that have some */
  via: (string | { title: string, url: string, severity: string, range: string })[]
  /** packages above it that are affected in turn */
  effects: string[]
  /** whether a version in range is without it, or which version of which direct dependency would be */
  fixAvailable: boolean | { name: string, version: string, isSemVerMajor: boolean }
}

/** Why there is no report. */
interface NotAsked {
  notAsked: string
}

/** Read what `npm audit --json` prints, whether or not the registry has answered it. */
export function readAnswer (json: string): AuditReport | NotAsked {
  try {
    const { vulnerabilities, metadata, message, error } =
      JSON.parse(json) as Partial<AuditReport> & { message?: string, error?: { summary?: string } }
    if (vulnerabilities && metadata) return { vulnerabilities, metadata }
    return { notAsked: message ?? error?.summary ?? 'without a reason' }
  } catch {
    return { notAsked: 'npm has printed no JSON' }
  }
}

/** Known holes in plain lines: what and where it is, through which dependency it comes, and what to do. */
export function describeHoles ({ vulnerabilities, metadata }: AuditReport): string[] {
  const holes = Object.values(vulnerabilities).flatMap(vulnerability => {
    // Who is affected through a package below has no hole of its own; it is named with that one.
    const advisories = vulnerability.via.filter(via => typeof via === 'object')
    if (advisories.length === 0) return []
    return [
      '',
      ...advisories.map(({ severity, range, title, url }) => `${vulnerability.name} ${range} (${severity}): ${title}, ${url}`),
      ...comesWith(vulnerability, vulnerabilities),
      `  To do: ${whatToDo(vulnerability)}`
    ]
  })
  const { prod } = metadata.dependencies
  if (holes.length === 0) return [`No hole is known in the ${prod} packages that the services run with.`]
  return [`Holes are known in the ${prod} packages that the services run with:`, ...holes]
}

function comesWith ({ isDirect, effects }: Vulnerability, all: AuditReport['vulnerabilities']): string[] {
  if (isDirect) return []
  const above = new Set(effects)
  // A set goes on to what is added while it is gone through.
  for (const each of above) for (const next of all[each]?.effects ?? []) above.add(next)
  const direct = [...above].filter(each => all[each]?.isDirect)
  return direct.length === 0 ? [] : [`  It comes with ${direct.join(', ')}.`]
}

function whatToDo ({ name, fixAvailable }: Vulnerability): string {
  if (fixAvailable === true) return `npm update ${name}`
  if (fixAvailable === false) return 'no version is without it; see the advisory for a way around, or do without the package'
  const { name: dependency, version, isSemVerMajor } = fixAvailable
  const caution = isSemVerMajor ? ', after reading what has changed: it breaks something' : ''
  return `npm install --save-exact ${dependency}@${version}${caution}`
}
