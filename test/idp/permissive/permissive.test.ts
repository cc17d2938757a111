import t from 'tap'
import { rules } from '../../../services/idp/permissive/rules.ts'
import { startIdp } from '../helper.ts'
import { authorizationMistakes } from './authorization-mistakes.ts'
import { checkTokens, letPass, realmWithClients } from './helper.ts'
import { laterMistakes } from './later-mistakes.ts'
import { tokenMistakes } from './token-mistakes.ts'

const idp = await startIdp(t)
const mistakes = [...authorizationMistakes, ...tokenMistakes, ...laterMistakes]

for (const [number, mistake] of mistakes.entries()) {
  const { before = [], doing, endpoint, make, refusal, rule, section } = mistake

  t.test(`refuses it to a strict client and not to a permissive one: it ${doing}`, async t => {
    const { realm, strict, permissive, other } = await realmWithClients(idp, `mistake-${number}`)

    t.same(await make(realm, strict, other), { refusal })
    t.same((await letPass(realm)).map(violation => violation.rule), before, 'nothing is noted of what was refused')

    await realm.lab.ledger.clear()
    await realm.lab.clock.reset()
    const outcome = await make(realm, permissive, other)
    t.notOk(outcome.refusal)
    if (outcome.tokens) await checkTokens(t, realm, permissive, outcome.tokens)
    if (rule === 'scope-not-registered') t.equal(outcome.tokens?.scope, 'openid phone')
    if (outcome.sub) t.equal(outcome.sub, (await realm.lab.users.get('alice')).sub)
    if (mistake.rule.startsWith('post-logout')) t.equal(outcome.left, 'http://elsewhere.localhost/callback')

    const violations = (await letPass(realm)).filter(violation => !before.includes(violation.rule))
    t.match(violations, [{ rule, endpoint, client: 'permissive', what: /.{10}/ }])
    t.equal(violations.length, 1)
    t.ok(violations[0]?.specification.endsWith(section))
  })
}

t.test('lists the rules, each of which is broken in these tests', async t => {
  const { realm } = await realmWithClients(idp, 'list')
  const { host } = new URL(idp.config.issuer)
  const { clients, rules: listed } = (await idp.app.inject({ url: `${realm.base}/lab/permissive`, headers: { host } })).json()
  t.same(clients, ['permissive'])
  t.same(listed, rules)
  for (const { name, specification } of rules) {
    const section = mistakes.find(mistake => mistake.rule === name)?.section
    if (section) t.ok(specification.endsWith(section), name)
    else t.equal(name, 'access-token-made-up', 'is broken in a test of its own')
  }
})
