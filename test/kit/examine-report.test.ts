import t from 'tap'
import { ExaminationReport, type ExaminedFault } from './examine-report.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const failed = (fault: ExaminedFault['fault'], journey: string): ExaminedFault => ({
  fault,
  group: 'id-token',
  title: fault,
  section: 'OpenID Connect Core 1.0, 3.1.3.7',
  url: 'https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation',
  expected: 'refuse',
  mustDo: 'Refuse it.',
  result: 'failed',
  ok: false,
  did: 'succeed',
  journey
})

t.test('what was found is written down, without the page of a failure that the console could not draw in time', async t => {
  const report = new ExaminationReport({
    start: 'http://localhost:8080/login',
    client: 'examined',
    rows: [failed('id-token-invalid-iss', 'too much'), failed('id-token-invalid-aud', '7')],
    fetchJourney: async id => {
      if (id !== '7') throw new TypeError('fetch failed')
      return '<!doctype html>'
    }
  })
  const folder = temporaryFolder(t)
  const written = await report.write(folder)
  t.strictSame(written.map(path => path.slice(folder.length + 1)), ['examination.txt', 'examination.json', 'examination.xml', 'id-token-invalid-aud.html'])
})
