// Runs a script of the lab on a Node that is new enough, from any package manager and any shell:
// `node scripts/launch.js [--env-file=FILE] SCRIPT [NAME=value …] [arguments]`. Each NAME=value is a setting.
//
// Plain JavaScript that Node 20 understands: where the Node at hand is older than the lab needs, the one that came as an
// optional dependency takes over.
import { spawn } from 'node:child_process'
import module from 'node:module'
import { delimiter, dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

// Since then Node runs TypeScript without a flag or a warning, and that is stable.
const oldest = [24, 12]

const [major, minor] = process.versions.node.split('.').map(Number)
const isNewEnough = major > oldest[0] || (major === oldest[0] && minor >= oldest[1])
await (isNewEnough ? runHere(process.argv.slice(2)) : runOnOwnNode())

async function runHere (args) {
  const envFile = args[0]?.startsWith('--env-file=') && args.shift().slice('--env-file='.length)
  const script = resolve(args.shift())
  // pnpm passes on the dashes that npm needs before the arguments of a script.
  if (args[0] === '--') args.shift()
  while (/^[A-Z][A-Z0-9_]*=/.test(args[0])) {
    const [name, ...value] = args.shift().split('=')
    process.env[name] = value.join('=')
  }
  if (envFile) process.loadEnvFile(envFile)

  // Where it cannot be written, Node does without.
  process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('../node_modules/.cache/node', import.meta.url))
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE)

  process.argv = [process.execPath, script, ...args]
  await import(pathToFileURL(script))
}

function runOnOwnNode () {
  const node = findOwnNode()
  if (!node) return sayWhatIsNeeded()
  // What the script starts by the name of node is to be this one as well.
  process.env.PATH = dirname(node) + delimiter + process.env.PATH
  const memory = process.execArgv.filter(flag => flag.startsWith('--max-'))
  const child = spawn(node, [...memory, fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' })
  child.once('error', sayWhatIsNeeded)

  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) {
    process.on(signal, () => {
      // A terminal has told the child already, and to be told twice means to give up at once.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  }
  child.once('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    for (const each of signals) process.removeAllListeners(each)
    process.kill(process.pid, signal)
  })
}

function findOwnNode () {
  const { platform, arch } = process
  const name = `${platform === 'win32' ? 'win' : platform}-${arch}`
  const packageName = name === 'darwin-arm64' ? `node-bin-${name}` : `node-${name}`
  try {
    const manifest = module.createRequire(import.meta.url).resolve(`${packageName}/package.json`)
    return join(dirname(manifest), 'bin', platform === 'win32' ? 'node.exe' : 'node')
  } catch {
    // It is not for this platform, or was left out.
  }
}

function sayWhatIsNeeded () {
  console.error(`This needs Node ${oldest.join('.')} or newer, and ${process.execPath} is ${process.version}: ` +
    'install one from https://nodejs.org, or run `npm ci`, which brings one for most systems.')
  process.exit(1)
}
