import neostandard from 'neostandard'

export default [
  ...neostandard({
    ts: true,
    ignores: neostandard.resolveIgnoresFromGitignore()
  }),
  ...neostandard({
    env: ['browser'],
    files: ['services/relying-party/public/**/*.js', 'services/genesys/bootstrap/**/*.js', 'services/genesys/desk/public/**/*.js', 'services/console/public/**/*.js']
  }),
  {
    files: ['services/relying-party/public/**/*.js', 'services/genesys/bootstrap/**/*.js', 'services/genesys/desk/public/**/*.js', 'services/console/public/**/*.js'],
    rules: {
      // Not there on http://192.168.…, where a phone finds a page.
      'no-restricted-properties': ['error',
        { object: 'crypto', property: 'randomUUID', message: 'Only secure contexts have it.' },
        { object: 'crypto', property: 'subtle', message: 'Only secure contexts have it.' },
        { object: 'navigator', property: 'clipboard', message: 'Only secure contexts have it.' },
        { object: 'navigator', property: 'serviceWorker', message: 'Only secure contexts have it.' }]
    }
  },
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
