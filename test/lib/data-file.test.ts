import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import { DataFileError, readDataFile } from '#lib/data-file.ts'

const entries = Type.Array(Type.Object({
  name: Type.String({ minLength: 1 }),
  number: Type.Integer(),
  pets: Type.Array(Type.Object({ kind: Type.String() }, { additionalProperties: false }), { default: [] })
}, { additionalProperties: false }), { minItems: 1 })

function read (t: Test, yaml: string, settings: Record<string, string | number> = {}) {
  return readDataFile(join(t.testdir({ 'people.yaml': yaml }), 'people.yaml'), { entries, key: 'name', unique: ['name', 'number'], settings })
}

t.test('reads the entries in their order and fills in defaults', async t => {
  t.same(read(t, '- name: Ann\n  number: 1\n- name: Ben\n  number: 2\n  pets: [{ kind: cat }]'), [
    { name: 'Ann', number: 1, pets: [] },
    { name: 'Ben', number: 2, pets: [{ kind: 'cat' }] }
  ])
})

t.test('fills in settings, wherever a value refers to one', async t => {
  t.same(read(t, '- name: ${FIRST}-${LAST}\n  number: 1\n  pets: [{ kind: "a ${FIRST}" }]', { FIRST: 'Ann', LAST: 7 }), [
    { name: 'Ann-7', number: 1, pets: [{ kind: 'a Ann' }] }
  ])
})

const mistakes: [string, string, string[]][] = [
  ['a missing field', '- name: Ann', ['entry 1 (Ann), field number: is missing']],
  ['a value of the wrong type', '- name: Ann\n  number: one', ['entry 1 (Ann), field number: must be integer']],
  ['an unknown field', '- name: Ann\n  number: 1\n  colour: red', ['entry 1 (Ann), field colour: is not a field of an entry']],
  ['a mistake deep inside an entry', '- name: Ann\n  number: 1\n  pets: [{ kind: cat }, { type: dog }]',
    ['entry 1 (Ann), field pets.1.kind: is missing', 'entry 1 (Ann), field pets.1.type: is not a field of an entry']],
  ['an entry without its name', '- number: 1', ['entry 1, field name: is missing']],
  ['an entry that is no object', '- Ann', ['entry 1: must be object']],
  ['the same name twice', '- name: Ann\n  number: 1\n- name: Ann\n  number: 2', ['entry 2 (Ann), field name: is there twice']],
  ['another unique field twice', '- name: Ann\n  number: 1\n- name: Ben\n  number: 1', ['entry 2 (Ben), field number: is there twice']],
  ['a setting that there is not', '- name: ${NOWHERE}\n  number: 1', ['field name refers to the setting NOWHERE, which there is not']],
  ['a list with nothing in it', '[]', ['the list: must NOT have fewer than 1 items']],
  ['something that is no list', 'name: Ann', ['the list: must be array']],
  ['an empty file', '', ['expected a document, but the input is empty']],
  ['a key that is there twice', '- name: Ann\n  name: Ben\n  number: 1', ['duplicated mapping key, at line 2, column 3']],
  ['YAML that does not parse', '- name: "Ann\n  number: 1', ['deficient indentation, at line 2, column 3']],
  ['several mistakes at once', '- name: Ann\n- name: Ben\n  number: x', [
    'entry 1 (Ann), field number: is missing', 'entry 2 (Ben), field number: must be integer'
  ]]
]
for (const [label, yaml, lines] of mistakes) {
  t.test(`says where it finds ${label}`, async t => {
    try {
      read(t, yaml)
      t.fail('it was read without complaint')
    } catch (error) {
      if (!(error instanceof DataFileError)) throw error
      t.match(error.message, /^people\.yaml has (a mistake|\d+ mistakes):\n/, 'names the file')
      for (const line of lines) t.match(error.message, line)
      t.equal(error.message.split('\n').length, lines.length + 1, 'and says nothing else')
    }
  })
}
