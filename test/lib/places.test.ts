import tap from 'tap'
import { createPlaces } from '../../services/lib/concurrency/places.ts'

tap.test('no more than so many do something at once, and the others come in their order, also after one who fails', async t => {
  const inPlace = createPlaces(2)
  const begun: string[] = []
  const ends = new Map<string, { resolve: () => void, reject: (error: Error) => void }>()
  const come = (name: string) => inPlace(() => {
    begun.push(name)
    return new Promise<void>((resolve, reject) => { ends.set(name, { resolve, reject }) })
  })

  const [first, second, third, fourth] = ['first', 'second', 'third', 'fourth'].map(come)
  await Promise.resolve()
  t.strictSame(begun, ['first', 'second'])
  ends.get('second')!.reject(new Error('fell over'))
  await t.rejects(second!, { message: 'fell over' })
  t.strictSame(begun, ['first', 'second', 'third'])
  ends.get('first')!.resolve()
  await first
  t.strictSame(begun, ['first', 'second', 'third', 'fourth'])

  for (const name of ['third', 'fourth']) ends.get(name)!.resolve()
  await Promise.all([third, fourth])
  t.equal(await inPlace(async () => 'at once'), 'at once', 'and there is a place for whoever comes later')
})
