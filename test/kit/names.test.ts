// The names that an editor offers to whoever uses the kit.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { rules } from '../../services/idp/clients/rules.ts'
import { faultNames as faultsOfCatalogue } from '../../services/idp/faults/catalogue.ts'
import { endpointNames as endpointsOfLedger } from '../../services/idp/recording/endpoint-names.ts'
import { runNode } from '../helpers/command.ts'
import { root } from '../helpers/lab.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { endpointNames } from './endpoint-names.ts'
import { faultNames } from './fault-names.ts'
import { ruleNames } from './rule-names.ts'

t.test('the names of faults, endpoints and rules are all that there are', async t => {
  t.strictSame(faultNames.toSorted(), faultsOfCatalogue.toSorted())
  t.strictSame(endpointNames.toSorted(), endpointsOfLedger.toSorted())
  t.strictSame(ruleNames, rules.map(({ name }) => name))
})

const slips: [what: string, statement: string, slip: string][] = [
  ['a fault', "await realm.faults.once('id-token-invalid-nonc')", 'id-token-invalid-nonc'],
  ['a fault that is switched off', "await realm.faults.off('id-token-expird')", 'id-token-expird'],
  ['a product', "await lab.realm({ like: 'keyclock' })", 'keyclock'],
  ['a product in the settings', "await realm.settings.patch({ like: 'octa' })", 'octa'],
  ['an endpoint', "await realm.saw({ endpoint: 'tokn' })", 'tokn'],
  ['an endpoint of the ledger', "await realm.ledger.query({ endpoint: 'user_info' })", 'user_info'],
  ['a fault that was met', "await realm.saw({ fault: 'id-token-invalid-is' })", 'id-token-invalid-is'],
  ['a lifetime', 'await realm.settings.patch({ token_lifetimes: { acces_token: 60 } })', 'acces_token'],
  ['a word for refresh tokens', "await realm.clients.patch('shop', { refresh_tokens: 'alway' })", 'alway'],
  ['a rule that a client is let off', "await realm.clients.patch('shop', { permissive: ['pkce-mising'] })", 'pkce-mising'],
  ['a member of a client', "await lab.realm({ clients: { shop: { redirect_uri: ['http://localhost/'] } } })", 'redirect_uri'],
  ['a group of faults', "await realm.examine({ start: 'http://localhost/', only: ['id-tokens'] })", 'id-tokens'],
  ['a part of the lab', "await startLab({ services: ['ldp'] })", 'ldp']
]

t.test('a slip of the hand in a name is an error in the editor, where it was made', async t => {
  const folder = temporaryFolder(t)
  const before = [`import { startLab } from '${join(root, 'test', 'kit', 'index.ts').replaceAll('\\', '/')}'`, 'const lab = await startLab()', 'const realm = await lab.realm()']
  writeFileSync(join(folder, 'slips.ts'), [...before, ...slips.map(([, statement]) => statement)].join('\n'))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({
    extends: join(root, 'tsconfig.json'), compilerOptions: { rootDir: '/', typeRoots: [join(root, 'node_modules', '@types')] }, include: [], files: ['slips.ts']
  }))
  const compiler = runNode(t, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', folder], { cwd: folder })
  t.equal(await compiler.exit, 2)
  const errors = compiler.output().matchAll(/^slips\.ts\((\d+),\d+\): (.*)$/gm)
  const byLine = Map.groupBy(errors, ([, line]) => Number(line) - before.length - 1)
  for (const [index, [what, , slip]] of slips.entries()) {
    t.match(byLine.get(index)?.map(([, , message]) => message).join('; ') ?? 'no error', new RegExp(`["']${slip}["']`), what)
  }
  t.equal(byLine.size, slips.length, 'and nothing else')
})
