import { fieldIn, type Play } from '../play/play.ts'
import { refusedByReal } from '../play/real-relying-party.ts'
import { allowed, MoveRefused, Visitor } from '../play/visitor.ts'
import type { Lesson } from '../lesson.ts'

const message = 'Please charge my card for the postage: 4000 1234 5678 9010'

/** Somebody who is signed in at a site asks for the code for the chat; the address that it comes with is not opened. */
const answerForChat = async (browser: Visitor, site: string): Promise<string> =>
  (await browser.visit(`${site}messenger/login`, { stopAt: url => url.startsWith(`${site}messenger/callback`) })).url

/** What stands in the attacker's own chat, and under what name. */
async function ownChat ({ mallory, home }: Play): Promise<{ name: string | undefined, said: string[] }> {
  const { text } = await mallory.visit(`${home}messenger/login`, { as: 'mallory' })
  return { name: fieldIn(text, 'chats-as'), said: [...text.matchAll(/<output name="said">([^<]*)</g)].map(([, said]) => said!) }
}

export const theSecondCode: Lesson = {
  number: 19,
  slug: 'the-second-code',
  title: 'Whose chat is this?',
  buildsOn: [4, 5],
  about: [
    'The chat is a [[client]] of its own. So that the agent knows who writes, the shop asks the [[provider]] for a [[second code]] and ' +
    'hands it to the chat, which redeems it and learns a name.',
    'The answer is a link like any other. Mallory asks for a code as himself, keeps the address with code and [[state]], and gives it ' +
    'to Alice. [[PKCE]] does not help: the shop finds the [[code verifier]] by the state, so it fits. If the shop asks no more, Alice, signed in as ' +
    'herself, chats as Mallory: the agent sees his verified name, and what she writes stands in *his* chat.',
    'So the shop binds this request too, to the browser and to the [[session]] that have made it. And it tells the provider ' +
    'whose code it wants, by the [[subject]]: somebody else may be signed in there by now.'
  ],
  sources: [
    { title: 'RFC 9700, section 4.7', url: 'https://www.rfc-editor.org/rfc/rfc9700#section-4.7' },
    { title: 'OpenID Connect Core 1.0, section 5.5.1', url: 'https://openid.net/specs/openid-connect-core-1_0.html#IndividualClaimsRequests' }
  ],
  weakness: { checks: ['binds-messenger-code'] },
  mends: ['binds-messenger-code'],
  choice: 'checks',
  see: 'Sign in at the shop as Alice, and watch. Stay signed in',
  moves: [
    {
      name: 'keep-answer',
      by: 'mallory',
      says: 'Ask for a code for the chat as myself, and keep the answer in place of opening it',
      async run (play) {
        await play.signIn(play.mallory, 'mallory')
        play.keep('messages before', String((await ownChat(play)).said.length))
        play.keep('answer', await answerForChat(play.mallory, play.home))
        play.says('I have an address with a code for the chat, which is about me, and with the state that the shop knows it by.')
      }
    },
    {
      name: 'open-link',
      by: 'alice',
      says: 'Alice, who is signed in as herself, follows the link on his page, and writes to the agent',
      opens: play => `${play.lair}lure`,
      byHand: 'Press “Chat with the shop”, and see whom the agent takes you for. Write something, and press “Send”.',
      shownBy: ({ from, to, endpoint, status }) => from === 'browser' && to === 'relying-party' && endpoint === 'chat_message' && status === 303,
      async run (play) {
        await play.signIn(play.alice, 'alice')
        await play.alice.visit(play.kept('answer'))
        allowed(await play.alice.open(`${play.home}messenger`, { form: { text: message } }))
      }
    },
    {
      name: 'read-chat',
      by: 'mallory',
      says: 'Open my own chat, and look',
      async run (play) {
        const before = Number(play.kept('messages before'))
        const { name, said } = await ownChat(play)
        const foreign = said.slice(before)
        for (const text of foreign) play.loot('In my chat, and I have never written it', `“${text}” (${name}, verified)`)
        play.says(foreign.length === 0 ? 'This is my chat, and nothing new is in it.' : 'The agent takes it for mine: my verified name stands beside it. She has done the writing.')
      }
    }
  ],
  lure: play => ({ text: 'Ask the shop for it in the chat, and leave your card number there, for the postage.', label: 'Chat with the shop', href: play.kept('answer') }),
  async honest (play) {
    await play.signIn(play.alice, 'alice')
    const name = fieldIn((await play.alice.visit(`${play.home}messenger/login`)).text, 'chats-as')
    if (name !== 'Alice Anders') throw new MoveRefused(`Alice chats as ${name ?? 'nobody'}.`)
    return `${name} is signed in, and chats as herself`
  },
  gain: 'Alice chats as Mallory, and he reads what she has written',
  hints: [
    'Alice is signed in as herself. Who has asked for the code that her browser brings to `/messenger/callback`?',
    'The shop has written down in which session each code was asked for. Does it look there before it redeems the code? The check of lesson 5 is about the first code alone.'
  ],
  solution: 'At `/messenger/login` the shop keeps the browser’s cookie and the session with the state. At `/messenger/callback` both have to be the same; else it leaves the code alone.',
  refusal: 'The shop answers that the code was asked for in another browser, and redeems nothing.',
  onRealRelyingParty: async play => 'Alice opens his link, signed in as herself, and reads: ' + await refusedByReal(play.scene, async ({ app, idp, username }) => {
    const attacker = `${username}-mallory`
    await idp.putUser(attacker, { claims: { name: 'Mallory' } })
    try {
      const [mallory, alice] = [new Visitor(), new Visitor()]
      await mallory.visit(`${app}/login`, { as: attacker })
      await alice.visit(`${app}/login`, { as: username })
      return await alice.open(await answerForChat(mallory, `${app}/`))
    } finally {
      await idp.removeUser(attacker)
    }
  })
}
