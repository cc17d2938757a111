// The lessons from a terminal: `npm run lesson` lists them, `npm run lesson -- 5` says where to begin, `npm run lesson -- 5 --edit` puts the careless check
// where it can be edited, `npm run lesson -- --all` holds each lesson to its promise.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { readArguments, readOrExit, UsageError } from '#lib/settings/command-line.ts'
import { buildLab } from '../services/embedded/app.ts'
import { loadConsoleConfig } from '../services/console/config.ts'
import { takeKeysFromFile } from '../test/helpers/keys.ts'
import { describeLab, freePorts, labSettings } from '../test/helpers/lab.ts'
import { ConsoleClient, ConsoleError } from './lesson/console-client.ts'
import { holdToPromise } from './lesson/law.ts'

const usage = `The lessons: npm run lesson -- [number] [--edit | --all]

  npm run lesson                   lists them
  npm run lesson -- 5              says where lesson 5 begins
  npm run lesson -- 5 --edit       puts the careless check of lesson 5 where it can be edited
  npm run lesson -- --all          plays every attack in a lab of its own: red before, green after, red with any other single mend

  --help

CONSOLE_URL or CONSOLE_PORT say where the lab’s console is. Exit code 1: a lesson does not keep its promise, or no lab answers.`

const { number, edit, all } = readOrExit(usage, () => {
  const { values, positionals: [lesson, ...more] } = readArguments({
    args: process.argv.slice(2), allowPositionals: true, options: { edit: { type: 'boolean', default: false }, all: { type: 'boolean', default: false } }
  })
  if (more.length > 0) throw new UsageError('One lesson at a time.')
  if (lesson !== undefined && !/^\d{1,2}$/.test(lesson)) throw new UsageError(`“${lesson}” is no number of a lesson.`)
  if (values.edit && lesson === undefined) throw new UsageError('Which lesson is to be edited?')
  return { number: lesson === undefined ? undefined : Number(lesson), edit: values.edit, all: values.all }
})

try {
  if (all) await holdAll()
  else await tell()
} catch (error) {
  if (!(error instanceof ConsoleError)) throw error
  console.error(error.message)
  process.exitCode = 1
}

async function tell () {
  const { url } = loadConsoleConfig(labSettings(process.env['CONSOLE_URL'] ? { CONSOLE_URL: process.env['CONSOLE_URL'] } : process.env['CONSOLE_PORT'] ? { CONSOLE_PORT: process.env['CONSOLE_PORT'] } : {}))
  const client = new ConsoleClient(url)
  const lessons = await client.list()
  if (number === undefined) {
    for (const { number, title } of lessons) console.log(`${String(number).padStart(3)}  ${title}`)
    console.log(`\n${url}/lessons`)
    return
  }
  const lesson = lessons.find(lesson => lesson.number === number)
  if (!lesson) throw new ConsoleError(`There is no lesson ${number}: they are ${lessons.map(({ number }) => number).join(', ')}.`)
  if (edit) {
    const { file } = await client.putEditedFile(number)
    if (!existsSync(file)) throw new ConsoleError(`The lab that answers at ${url} keeps its files elsewhere, in a container perhaps: to edit them, have it run here, by npm start.`)
    console.log(`Edit ${relative(process.cwd(), file)}, then choose “my own code” in the lesson, and prove it.\n`)
  }
  console.log(`${lesson.number}. ${lesson.title}\n${url}/lesson?n=${number}`)
}

async function holdAll () {
  takeKeysFromFile()
  const stateFolder = mkdtempSync(join(tmpdir(), 'lessons-'))
  const settings = labSettings({ STATE_DIR: stateFolder, LOG_LEVEL: 'error', ...await freePorts() })
  const parts = await buildLab(settings)
  for (const { app, config } of parts) await app.listen({ host: config.host, port: config.port })
  try {
    const client = new ConsoleClient(describeLab(settings).console)
    const held = (await client.list()).filter(({ attacks, number: each }) => attacks && (number === undefined || each === number))
    for (const lesson of held) {
      const { wrong, others } = await holdToPromise(client, lesson)
      console.log(`${wrong.length === 0 ? '✓' : '✗'} ${String(lesson.number).padStart(2)}  ${lesson.title}  ${wrong.length === 0 ? `red before, green after, red with any of ${others} others` : ''}`)
      for (const line of wrong) console.log(`      ${line}`)
      if (wrong.length > 0) process.exitCode = 1
    }
  } finally {
    for (const { app } of parts) await app.close()
    rmSync(stateFolder, { recursive: true })
  }
}
