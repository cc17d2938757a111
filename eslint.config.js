import neostandard from 'neostandard'

export default [
  ...neostandard({
    ts: true,
    ignores: neostandard.resolveIgnoresFromGitignore()
  }),
  ...neostandard({
    env: ['browser'],
    files: ['services/relying-party/public/**/*.js', 'services/genesys/bootstrap/**/*.js']
  }),
  {
    // The compiler knows better which names there are.
    files: ['**/*.ts'],
    rules: { 'no-undef': 'off' }
  }
]
