import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { cpus } from 'node:os'

/** What a figure depends on: versions of Node and of some packages, and the machine. */
export function environment (...packages: string[]): string {
  const processors = cpus()
  const versions = packages.map(name => `${name} ${versionOf(name)}`)
  return [`node ${process.version}`, ...versions, `${process.platform} ${process.arch}`, `${processors.length} × ${processors[0]?.model}`].join(', ')
}

function versionOf (name: string): string {
  const { version } = JSON.parse(readFileSync(findPackageJSON(name, import.meta.url)!, 'utf8')) as { version: string }
  return version
}
