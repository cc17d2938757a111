// The layout of the code, as rules: `npm run lint` says which import breaks which of them, and why there is such a rule.
// https://github.com/sverweij/dependency-cruiser/blob/main/doc/rules-reference.md

/** The rooms of each house from the lowest to the highest; those in one row stand beside each other. */
const rooms = {
  'services/relying-party': ['oidc', 'sessions', 'plugins', 'routes'],
  'services/idp': [
    'state', 'clients', 'accounts', 'presets', 'faults', 'realm', 'permissive', 'recording', 'provider', 'pages', 'control-api'
  ],
  'services/genesys': [
    'protocol', 'deployments', 'auth', 'sessions', ['visitor-journeys', 'attachments'], 'conversations', 'agent', ['guest', 'desk'], 'recording'
  ],
  'services/genesys/bootstrap': [
    'platform', 'auth', 'connection', 'conversation', 'session', 'messenger/shared', ['messenger/log', 'messenger/composer'],
    'messenger/questionnaire', 'messenger/window', 'plugins'
  ],
  'services/console': ['journeys', ['examiner', 'ledgers', 'host-page'], 'exports', 'routes']
}

/** A request is followed downwards: no room imports one above it, nor one beside it. */
const noArrowUp = Object.entries(rooms).flatMap(([house, rows]) => rows.map(row => [row].flat()).flatMap((row, index, all) => row.map(room => ({
  name: `${house}/${room} imports nothing above it`,
  comment: `The rooms, from the lowest to the highest: ${all.map(row => row.join(' and ')).join(', ')}.`,
  severity: 'error',
  from: { path: `^${house}/${room}/` },
  to: { path: `^${house}/(${[...all.slice(index + 1).flat(), ...row.filter(other => other !== room), '(app|server)[.]ts$'].map(higher => higher.endsWith('$') ? higher : `${higher}/`).join('|')})` }
}))))

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no circle',
      comment: 'Files that need each other are one subject in two files, or lack a third one. Imports of types count.',
      severity: 'error',
      from: {},
      to: { circular: true }
    },
    {
      name: 'no service imports another',
      comment: 'They talk over HTTP, as the real ones do. Only the lab in one process knows them all.',
      severity: 'error',
      from: { path: '^services/([^/]+)/', pathNot: '^services/embedded/' },
      to: { path: '^services/[^/]+/', pathNot: '^services/($1|lib)/' }
    },
    {
      name: 'lib imports no service',
      comment: 'What all services share knows none of them.',
      severity: 'error',
      from: { path: '^services/lib/' },
      to: { path: '^services/[^/]+/', pathNot: '^services/lib/' }
    },
    {
      name: 'services import no script and no test',
      severity: 'error',
      from: { path: '^services/' },
      to: { path: '^(scripts|test)/' }
    },
    {
      name: 'nothing that is not declared',
      comment: 'A package that another one happens to bring is not there with pnpm.',
      severity: 'error',
      from: { path: '^(services|scripts|test)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'] }
    },
    {
      name: 'services run without what is for development',
      severity: 'error',
      from: { path: '^services/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] }
    },
    {
      name: 'relying party: nothing of the lab in the way of a sign-in',
      comment: 'It is code to be taken to production.',
      severity: 'error',
      from: { path: '^services/relying-party/(routes|sessions|oidc)/' },
      to: { path: '^services/lib/(control-api|ledger|clock/request-clock)' }
    },
    {
      name: 'protocol imports nobody',
      comment: 'What goes over the wire is the same for whoever sends it.',
      severity: 'error',
      from: { path: '^services/genesys/protocol/' },
      to: { path: '^services/genesys/', pathNot: '^services/genesys/protocol/' }
    },
    ...noArrowUp
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    detectJSDocImports: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
    cache: { folder: 'node_modules/.cache/dependency-cruiser', strategy: 'metadata' }
  }
}
