// The page of each brand that is shipped, and what the script of its chat says.
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readBrand, type Brand } from '#lib/brand/brand-setting.ts'
import { AgentScript } from '../../services/genesys/agent/agent-script.ts'
import { inbound } from '../../services/genesys/conversations/compose-message.ts'
import type { Content } from '../../services/genesys/protocol/structured-message.ts'
import { ada } from '../genesys/helper.ts'
import { root } from '../helpers/lab.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { buildAlone } from '../relying-party/helper.ts'

const names = readdirSync(join(root, 'services/brands'))

/** What each question that the page proposes is about, by the topic's or the offer's id. */
const about: Record<string, Record<string, string>> = {
  kayaks: {
    'Can I bring my dog?': 'dogs',
    'When do you open on Thursday?': 'hours',
    'What should I wear?': 'clothes',
    'When is my booking?': 'my-booking'
  },
  bank: {
    'What is my balance?': 'balance',
    'Block my card': 'block-card',
    'How much interest is there on savings?': 'savings',
    'When are you open?': 'hours'
  }
}

const textIn = (content: Content) => content.type === 'Event' ? '' : content.text ?? ''
const inOneLine = (text: string) => text.replace(/\s+/g, ' ').trim()

/** What is shown on the page and told in the chat, by its id; the price is one of the details. */
const factsOf = ({ facts, steps, services, offers }: Brand) => [
  ...[...facts.items, ...steps?.items ?? [], ...services?.items ?? []].map(({ id, title, text }) => ({ id, title, words: [text] })),
  ...offers.items.map(({ id, title, text, details, price }) => ({ id, title, words: [title, text, ...details, price] }))
]

for (const name of names) {
  const brand = readBrand(name)
  const script = new AgentScript(brand)
  const answer = (said: string) => textIn(script.answerTo(inbound({ type: 'Text', text: said }, undefined), { identity: undefined, canSignIn: true }))
  const { tab, config } = await buildAlone(t, { BRAND: name })

  t.test(`the page of ${name} and the script say the same, and what the page proposes to ask is answered`, async t => {
    const { status, $ } = await tab().get('/')
    t.equal(status, 200)
    const page = inOneLine($('main').text())
    t.ok(factsOf(brand).length >= 10)
    for (const { id, title, words } of factsOf(brand)) {
      for (const fact of words) {
        t.match(page, fact, `${id} on the page`)
        t.match(answer(title), fact, `${id} in the chat`)
      }
    }
    t.strictSame($('.ask q').toArray().map(element => $(element).text()), Object.keys(about[name]!))
    for (const [question, id] of Object.entries(about[name]!)) {
      for (const fact of factsOf(brand).find(fact => fact.id === id)!.words) t.match(answer(question), fact, question)
    }
  })

  t.test(`${name} tells what is somebody's own to whoever has signed in, and asks others to`, async t => {
    for (const { title, signedIn } of brand.services!.items) {
      const asked = inbound({ type: 'Text', text: title }, undefined)
      const [own] = signedIn.replace('{name}', 'Ada').split(/(?<=\.)\s/)
      t.match(textIn(script.answerTo(asked, { identity: ada })), own, title)
      for (const canSignIn of [true, false]) t.notMatch(textIn(script.answerTo(asked, { identity: undefined, canSignIn })), own, title)
      t.match(textIn(script.answerTo(asked, { identity: undefined, canSignIn: true })), /choose “Sign in” in this window/)
      t.match(textIn(script.answerTo(asked, { identity: undefined, canSignIn: false })), /nobody can sign in to it/)
    }
  })

  t.test(`${name} is on every page, with its own colours and its pictures`, async t => {
    for (const path of ['/', '/signed-in.html', '/nowhere', '/callback?state=x', '/%']) {
      const { headers, $ } = await tab().get(path)
      t.match($('title').text(), brand.name, path)
      t.match(headers.get('content-security-policy') ?? '', /style-src 'self'|default-src 'self'/, path)
      t.equal($('style, [style], script:not([src])').length, 0, path)
      const files = $('link[href], img[src]').toArray().map(element => $(element).attr('href') ?? $(element).attr('src')!)
      // Small pictures are in the page itself.
      for (const file of files.filter(file => !file.startsWith('data:image/'))) {
        t.equal((await tab().get(new URL(file, `${config.app}/`).pathname, { accept: '*/*' })).status, 200, `${path}: ${file}`)
      }
    }
    t.match((await tab().get('/brand.css')).text, `--accent: ${brand.colours.light.accent};`)
  })
}

t.test('what a brand says is text on the page, whatever it looks like', async t => {
  const folder = temporaryFolder(t)
  cpSync(join(root, 'services/brands/bank'), folder, { recursive: true })
  const evil = '</title>"><img src=x onerror=alert(1)>'
  const file = join(folder, 'brand.yaml')
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll('Marram Bank', `'${evil}'`).replace('alt: A white', `alt: '${evil}' # `)
    .replace(/title: Ask .*/, 'title: Ask }').replace(/- '.*', 1 Harbour Wall/, '- 1 Harbour Wall'))
  const { tab } = await buildAlone(t, { BRAND: file })
  for (const path of ['/', '/nowhere', '/signed-in.html']) {
    const { $ } = await tab().get(path)
    t.match($('title').text(), evil, path)
    t.equal($('[onerror]').length, 0, path)
  }
  t.equal((await tab().get('/')).$('.hero img').attr('alt'), evil)
})

t.test('of a brand\'s folder only the pictures are served that its file names, and none runs a script', async t => {
  const { tab } = await buildAlone(t, { BRAND: 'bank' })
  const { status, headers } = await tab().get('/brand/logo.svg')
  t.match({ status, type: headers.get('content-type') }, { status: 200, type: 'image/svg+xml' })
  t.match(headers.get('content-security-policy'), /default-src 'none';.*sandbox/)
  for (const path of ['/brand/brand.yaml', '/brand/', '/brand', '/brand/../kayaks/logo.svg', '/brand/..%2fkayaks%2flogo.svg', '/brand/estuary.svg']) {
    t.match(String((await tab().get(path)).status), /^40[0-9]$/, path)
  }
})
