// Asks the registry for known holes in the packages that the services run with: `npm run audit`. Exits with 0 when there is
// none, 1 when there is one, and 2 when the registry could not be asked.
// `npm audit` exits with 1 for a hole and with 1 where the registry cannot be asked, which CI has to tell apart: so its JSON is read.
import { spawnSync } from 'node:child_process'
import { helpOrRefuse } from '#lib/settings/command-line.ts'
import { describeHoles, readAnswer } from './audit/report.ts'

helpOrRefuse(`Asks the registry for known holes in the packages that the services run with: npm run audit

  --help

Another registry is asked by npm run audit --registry=<its URL>.

Exit code 0: there is none. 1: there is one. 2: the registry could not be asked.`)

const { stdout, error } = spawnSync('npm', ['audit', '--omit=dev', '--json', '--fetch-retries=1'], {
  encoding: 'utf8', shell: process.platform === 'win32'
})
if (error) throw error

const answer = readAnswer(stdout)
if ('notAsked' in answer) {
  console.log(`Nothing is known, as the registry could not be asked: ${answer.notAsked}.`)
  console.log('Another one is asked by: npm run audit --registry=<its URL>')
  process.exitCode = 2
} else {
  console.log(describeHoles(answer).join('\n'))
  process.exitCode = Object.keys(answer.vulnerabilities).length === 0 ? 0 : 1
}
