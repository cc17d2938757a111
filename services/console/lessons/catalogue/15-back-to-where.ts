import { refusedByReal } from '../play/real-relying-party.ts'
import { spellingsOf } from '../play/spellings.ts'
import { allowed, MoveRefused, Visitor } from '../play/visitor.ts'
import type { Lesson } from '../lesson.ts'

const typed = 'card typed into the copy'
const signInThat = (login: string, returnTo: string) => `${login}?${new URLSearchParams({ return_to: returnTo })}`

export const backToWhere: Lesson = {
  number: 15,
  slug: 'back-to-where',
  title: 'Back to where?',
  buildsOn: [3],
  about: [
    'Whoever signs in wants to go on where they were. So the link to the sign-in says where that is, in the parameter `return_to`, ' +
    'and anybody can write a link. A site that goes wherever it says is an [[open redirect]]: an address of its own that leads to ' +
    'any other.',
    'Mallory’s link begins with the shop’s address. Alice looks at it, as one should, and at the page where she signs in: both are ' +
    'right. Where she ends up she looks no more. It is his copy of the shop, and what she types there is his.',
    'So the site first reads the address as a browser does, and then goes on to pages of its own alone. To look at how the text ' +
    'begins is not enough: to a browser, `//evil`, `/\\evil` and `http://shop@evil` all lead to the host evil.'
  ],
  sources: [
    { title: 'RFC 9700, section 4.11.1', url: 'https://www.rfc-editor.org/rfc/rfc9700#section-4.11.1' },
    { title: 'URL Standard, section 4.4', url: 'https://url.spec.whatwg.org/#url-parsing' }
  ],
  weakness: { checks: ['limits-return-to'] },
  mends: ['limits-return-to'],
  choice: 'checks',
  moves: [
    {
      name: 'write-link',
      by: 'mallory',
      says: 'Write a link to the shop’s sign-in that ends at my copy of the shop',
      async run (play) {
        const copy = `${play.lair}copy`
        const { origin } = new URL(copy)
        const links = spellingsOf(copy, play.home).map(spelling => signInThat(`${play.home}login`, spelling))
        play.keep('link', links[0]!)
        delete play.scene.state.kept[typed]
        for (const [tried, link] of links.entries()) {
          const { url } = await play.mallory.visit(link, { as: 'mallory', stopAt: url => new URL(url).origin === origin })
          if (new URL(url).origin !== origin) continue
          play.keep('link', link)
          play.says(`The link is ${link}. I have tried it with my own account, and it ends at my copy.${tried === 0 ? '' : ` Of ${tried + 1} ways to write the address, it is the first that does.`}`)
          return
        }
        play.says(`I have tried ${links.length} ways of writing the address, with my own account. Each has ended at the shop.`)
      }
    },
    {
      name: 'follow-link',
      by: 'alice',
      says: 'Alice follows the link, signs in, and enters her card number where she is asked for it',
      opens: play => `${play.lair}lure`,
      byHand: 'Press “Fetch my prize”; choose Alice if the provider asks, which it does not while she is signed in there. Then type any card number, and press “Keep it”.',
      shownBy: ({ from, to, endpoint }) => from === 'browser' && to === 'evil' && endpoint === 'copied_card',
      async run (play) {
        const { text, url } = await play.alice.visit(play.kept('link'), { as: 'alice' })
        const action = /<form[^>]* action="([^"]+)"[^>]*><label>Card number/.exec(text)?.[1]
        if (action !== undefined) allowed(await play.alice.open(new URL(action, url).href, { form: { card: '4000 1234 5678 9010' } }))
      }
    },
    {
      name: 'look',
      by: 'mallory',
      says: 'Look what has been typed into my copy',
      async run (play) {
        const card = play.scene.state.kept[typed]
        if (card !== undefined) play.loot('Alice’s card number', card)
        play.says(card === undefined ? 'Nobody has typed anything.' : 'She is back at the shop by now, and has noticed nothing.')
      }
    }
  ],
  async honest (play) {
    const account = `${play.home}account`
    const { url } = await play.signIn(play.alice, 'alice', '?return_to=account')
    if (url !== account) throw new MoveRefused(`Alice wanted to go back to ${account}, and is at ${url}.`)
    return 'Alice is signed in, and back at her account'
  },
  lure: play => ({ text: 'Sign in at the shop to fetch it. Look at the link: it is the shop’s own.', href: play.kept('link') }),
  gain: 'Alice’s card number, typed into his copy of the shop',
  hints: [
    'Follow the link, and look at the address bar once you are signed in. Whose page is it?',
    'Where it goes on after `/callback` was said at `/login`, by the link. What would the site have to ask of that address?'
  ],
  solution: 'The site first parses `return_to` against its own address, as a browser would. It goes there only if what comes of that begins with its own address, to the slash at its end. ' +
    'Otherwise it goes to its first page.',
  refusal: 'However the address is written, the sign-in ends at the shop.',
  onRealRelyingParty: play => refusedByReal(play.scene, async ({ app }) => {
    const [plain, ...others] = spellingsOf(`${play.lair}copy`, `${app}/`).map(spelling => signInThat(`${app}/login`, spelling))
    for (const link of others) {
      const page = await new Visitor().open(link)
      if (page.status < 400) return page
    }
    return new Visitor().open(plain!)
  })
}
