import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AzureError } from '../../errors.ts'
import { childText, parsedXml } from './xml.ts'

const refused = (text: string, reason = /./) =>
  assert.rejects(parsedXml(text, 'List'), error => {
    assert.ok(error instanceof AzureError, `${error}`)
    assert.deepEqual([error.status, error.code], [400, 'InvalidXmlDocument'])
    return reason.test(JSON.stringify(error.extra))
  })

test('elements come in their order, with their text as it was meant', async () => {
  const text =
    '\ufeff<?xml version="1.0" encoding="utf-8"?>\n<List a="1">\n <A>&lt;&#x41;&#66;<!-- no --><![CDATA[<&]]> </A><B/><A>ü𝄞</A></List>\n'
  const nodes = await parsedXml(text, 'List')
  assert.deepEqual(
    nodes.map(({ name, text }) => [name, text]),
    [
      ['A', '<AB<& '],
      ['B', ''],
      ['A', 'ü𝄞'],
    ],
  )
  assert.deepEqual([childText(nodes, 'B'), childText(nodes, 'C')], ['', undefined])
})

test('what is not well formed, or would be something else in every reader, is refused', async () => {
  const bad = [
    ...['', 'text', '<List>', '<List></Lists>', '<List/><List/>', '<List/>x', '<List a=1/>', '<List a="1" a="2"/>'],
    ...[
      '<List>&nbsp;</List>',
      '<List>&#x1;</List>',
      '<List>&#xD800;</List>',
      '<List>\u0001</List>',
      '<List>a & b</List>',
    ],
    ...['<!DOCTYPE List><List/>', '<!DOCTYPE List [<!ENTITY a "b">]><List>&a;</List>', '<x:List/>', '<Other/>'],
    '<?xml version="1.1"?><List>&#x1;</List>',
  ]
  for (const text of bad) await refused(text)
})

test('what is too deep or too much is not read to its end', async () => {
  await refused('<List>'.repeat(1_000_000), /too deep/)
  await refused(`<List>${'<A/>'.repeat(1_500_000)}</List>`, /too many/)
})

test('others have their turn while a long text is parsed', async () => {
  const text = `<List><A>${'&#x41;'.repeat(1_000_000)}</A></List>`
  let turns = 0
  let isDone = false
  const others = () => {
    turns++
    if (!isDone) setImmediate(others)
  }
  setImmediate(others)
  const [{ text: parsed } = { text: '' }] = await parsedXml(text, 'List')
  isDone = true
  assert.equal(parsed, 'A'.repeat(1_000_000))
  assert.ok(turns > 50, `${turns}`)
})
