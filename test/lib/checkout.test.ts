import t from 'tap'
import { noticeOtherCheckout } from '#lib/store/checkout.ts'
import type { Logger } from '#lib/server/http-server.ts'

async function noticesOf (stateFolder: string, folder: string, project: string) {
  const notices: string[] = []
  await noticeOtherCheckout(stateFolder, { folder, project }, { warn: (words: string) => { notices.push(words) } } as Logger)
  return notices
}

t.test('says once where another checkout of the same name had the project of Compose', async t => {
  const state = t.testdir({})
  t.same(await noticesOf(state, '/home/ada/My Lab', 'mylab'), [])
  t.same(await noticesOf(state, '/home/ada/My Lab', 'mylab'), [])
  t.match(await noticesOf(state, '/home/ada/copy/mylab', 'mylab'), [
    /^containers, image and state of the project mylab were those of \/home\/ada\/My Lab until now, and are those of \/home\/ada\/copy\/mylab:.*COMPOSE_PROJECT_NAME/
  ])
  t.same(await noticesOf(state, '/home/ada/copy/mylab', 'mylab'), [])
  t.equal((await noticesOf(state, '/home/ada/My Lab', 'mylab')).length, 1, 'and back')
})

t.test('takes no other folder for a checkout, from which Compose was started, and none where a name was given', async t => {
  const state = t.testdir({})
  await noticesOf(state, '/home/ada/lab', 'lab')
  for (const [folder, project] of [['/home/ada/lab/services', 'lab'], ['', 'lab'], ['/home/bob/lab', 'lab-of-bob']] as const) {
    t.same(await noticesOf(state, folder, project), [], folder)
  }
  t.same(await noticesOf(state, '/home/ada/lab', 'lab'), [])
})
