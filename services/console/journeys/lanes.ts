/** Whoever takes part, from left to right. */
export interface Lane {
  party: string
  name: string
}

/** The place of applications outside the lab, which are called by what the provider knows them by. */
export const others: Lane = { party: '', name: '' }

/** The lanes of every picture, in the browser and of what is taken along. */
export const lanes: readonly Lane[] = [
  { party: 'browser', name: 'Browser' },
  { party: 'relying-party', name: 'Application' },
  others,
  { party: 'idp', name: 'Provider' },
  { party: 'genesys', name: 'Genesys' },
  // Of the lessons.
  { party: 'evil', name: 'Attacker' }
]
