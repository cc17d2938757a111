import neostandard from 'neostandard'

export default [
  ...neostandard({
    ts: true,
    ignores: neostandard.resolveIgnoresFromGitignore()
  }),
  ...neostandard({
    env: ['browser'],
    files: ['services/relying-party/public/**/*.js', 'services/genesys/bootstrap/**/*.js', 'services/genesys/desk/public/**/*.js']
  }),
  {
    // The compiler knows better which names there are.
    files: ['**/*.ts'],
    rules: { 'no-undef': 'off' }
  },
  {
    // In data files this is how a value refers to a setting.
    files: ['test/**/*.ts'],
    rules: { 'no-template-curly-in-string': 'off' }
  }
]
