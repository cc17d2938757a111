import t from 'tap'
import { objectIn, quote, wordsOf } from '../../scripts/doctor/pages.ts'

t.test('quotes on one line, without what a terminal would take for a command, and not at length', async t => {
  t.equal(quote('red \x1b[31m\n\nalert\x07\u202e'), 'red [31m alert')
  t.equal(quote('x'.repeat(50), 10), `${'x'.repeat(9)}…`)
})

t.test('takes the words out of a page', async t => {
  t.equal(wordsOf('<head><title>T</title></head><!-- no --><h1>It&#39;s <b>gone</b></h1><script>code()</script>'), "It's gone")
  t.equal(wordsOf('<script>$Config={"x":"AADSTS50011: The redirect URI"};</script>'), 'AADSTS50011: The redirect URI')
})

t.test('reads JSON objects, and nothing else', async t => {
  t.same(objectIn('{"a":1}'), { a: 1 })
  for (const text of ['[]', 'null', '"x"', '<p>']) t.equal(objectIn(text), undefined, text)
})
