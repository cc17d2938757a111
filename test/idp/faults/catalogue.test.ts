import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { catalogue, findFault, similarNames } from '../../../services/idp/faults/catalogue.ts'
import { groups } from '../../../services/idp/faults/fault.ts'

t.test('says of every fault what it does, what a correct relying party must do, and where that is said', async t => {
  for (const { name, title, does, mustDo, specification, conformance, scopes, group } of catalogue) {
    t.match(name, /^[a-z0-9]+(-[a-z0-9]+)+$/, name)
    for (const [field, text] of Object.entries({ title, does, mustDo })) t.match(text, /^\S.{9,}\S$/, `${name}: ${field}`)
    t.match(mustDo, /^[A-Z].*\.$/, `${name}: mustDo is a sentence`)
    t.match(specification.section, /^(OpenID Connect|RFC) .*\d/, `${name}: names a section`)
    t.match(specification.url, /^https:\/\/(openid\.net\/specs\/[\w-]+\.html|www\.rfc-editor\.org\/rfc\/rfc\d+)#[\w.-]+$/, name)
    if (conformance !== undefined) t.match(conformance, /^oidcc-client-test-[a-z0-9-]+$/, `${name}: names a module`)
    const anonymous = group === 'discovery' || (group === 'jwks' && !name.startsWith('jwks-rotated'))
    t.same(scopes, anonymous ? [] : ['client', 'user'], `${name}: can be limited to whom the request tells of`)
  }
})

t.test('has each name once', async t => {
  t.equal(new Set(catalogue.map(({ name }) => name)).size, catalogue.length)
  for (const fault of catalogue) t.equal(findFault(fault.name), fault)
})

t.test('has faults in every group, and a test for each of them', async t => {
  for (const group of groups) {
    t.ok(catalogue.some(fault => fault.group === group), group)
    t.ok(existsSync(join(import.meta.dirname, `${group}.test.ts`)), `${group}.test.ts, where a fault that is in no table fails`)
  }
})

// The modules of the plans for relying parties (Basic, Config, Refresh, RP-initiated and Back-Channel Logout) that send
// something else than a provider should, or what a relying party may stumble over.
// https://gitlab.com/openid/conformance-suite/-/tree/master/src/main/java/net/openid/conformance/openid/client
const modules = [
  'invalid-iss', 'missing-sub', 'invalid-aud', 'missing-aud', 'missing-iat', 'kid-absent-single-jwks', 'kid-absent-multiple-jwks',
  'idtoken-sig-none', 'invalid-sig-rs256', 'invalid-sig-es256', 'invalid-sig-hs256', 'userinfo-invalid-sub', 'nonce-invalid',
  'discovery-issuer-mismatch', 'signing-key-rotation', 'signing-key-rotation-just-before-signing',
  'ignores-unparseable-key-in-jwks',
  'refresh-token-invalid-issuer', 'refresh-token-invalid-aud', 'refresh-token-invalid-azp', 'refresh-token-invalid-sub',
  'rp-init-logout-no-state', 'rp-init-logout-other-state',
  ...['alg-none', 'wrong-alg', 'wrong-iss', 'wrong-aud', 'no-event', 'wrong-event', 'with-nonce']
    .map(name => `rp-backchannel-rpinitlogout-${name}`)
]

t.test('has a fault for every module of the conformance suite that spoils something', async t => {
  const named = catalogue.flatMap(({ conformance }) => conformance ?? [])
  t.same(named.sort(), modules.map(name => `oidcc-client-test-${name}`).sort())
})

t.test('finds names that are alike', async t => {
  t.equal(similarNames('oidcc-client-test-missing-sub')[0], 'id-token-missing-sub')
  t.equal(similarNames('ID_TOKEN_EXPIRED')[0], 'id-token-expired')
  t.equal(similarNames('jwks')[0]?.split('-')[0], 'jwks')
  t.same(similarNames('xyz'), [])
})
