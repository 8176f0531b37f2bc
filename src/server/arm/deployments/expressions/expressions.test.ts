import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EvaluationError, evaluateAll, type Scope } from './evaluate.ts'
import { functions } from './functions.ts'
import { openMeter } from './meter.ts'
import { callsOf, ExpressionSyntaxError, expressionIn } from './parse.ts'

const subscription = '11111111-2222-3333-4444-555555555555'
const parameters: Record<string, unknown> = { n: 'one', list: ['a', { deep: [1, 2] }], count: 1 }

const scope: Scope = {
  parameter: name => {
    if (name in parameters) return parameters[name]
    throw new EvaluationError(`The template parameter '${name}' is not found`)
  },
  variable: name => `variable ${name}`,
  subscriptionId: subscription,
  tenantId: 'tenant',
  deploymentName: 'd1',
  resourceGroup: { name: 'g', id: `/subscriptions/${subscription}/resourceGroups/g`, location: 'westus' },
  reference: async (resource, apiVersion, how) => ({ resource, apiVersion, how }),
  meter: openMeter(),
}
const group = `/subscriptions/${subscription}/resourceGroups/g`

const values: [text: string, value: unknown][] = [
  ['plain', 'plain'],
  ['[[not an expression]', '[not an expression]'],
  ['[not closed', '[not closed'],
  ["['it''s']", "it's"],
  ["[parameters('n')]", 'one'],
  ["[ Parameters( 'n' ) ]", 'one'],
  ["[parameters('list')[1].DEEP[parameters('count')]]", 2],
  ["[variables('v')]", 'variable v'],
  ["[concat('a', parameters('n'), 2)]", 'aone2'],
  ["[concat(parameters('list'), parameters('list'))]", [...(parameters.list as []), ...(parameters.list as [])]],
  ['[resourceGroup().location]', 'westus'],
  ['[subscription().subscriptionId]', subscription],
  ['[deployment().name]', 'd1'],
  [
    "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's')]",
    `${group}/providers/Microsoft.Network/virtualNetworks/v/subnets/s`,
  ],
  [
    "[resourceId('other', 'Microsoft.Network/virtualNetworks', 'v')]",
    `/subscriptions/${subscription}/resourceGroups/other/providers/Microsoft.Network/virtualNetworks/v`,
  ],
  [
    "[resourceId('99999999-2222-3333-4444-555555555555', 'h', 'A.B/c', 'd')]",
    '/subscriptions/99999999-2222-3333-4444-555555555555/resourceGroups/h/providers/A.B/c/d',
  ],
  [
    "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'x')]",
    `/subscriptions/${subscription}/providers/Microsoft.Authorization/roleDefinitions/x`,
  ],
  ["[reference('id', '2020-01-01', 'Full').how]", 'full'],
  ["[reference('id').how]", 'properties'],
]
for (const [text, value] of values) {
  test(`${text} is ${JSON.stringify(value)}`, async () => {
    assert.deepEqual(await evaluateAll(text, scope, functions), value)
  })
}

const mistakes: [text: string, error: new (message: string) => Error, says: RegExp][] = [
  ['[]', ExpressionSyntaxError, /ends too early/],
  ["[parameters('n']", ExpressionSyntaxError, /'\)' was expected|',' was expected/],
  ["[parameters('n') parameters('n')]", ExpressionSyntaxError, /unexpected 'parameters'/],
  ["[parameters('n'; 1)]", ExpressionSyntaxError, /unexpected ';'/],
  [`[${'concat('.repeat(200)}${')'.repeat(200)}]`, ExpressionSyntaxError, /nested too deeply/],
  ["[parameters('none')]", EvaluationError, /'none' is not found/],
  ["[nonesuch('n')]", EvaluationError, /The template function 'nonesuch' is not valid/],
  ["[parameters('list')[7]]", EvaluationError, /array index '7' is out of bounds/],
  ['[resourceGroup().nothing]', EvaluationError, /available properties are 'name, id, location, type'/],
  ["[concat('a', parameters('list'))]", EvaluationError, /concat/],
  ["[resourceId('Microsoft.Network/virtualNetworks')]", EvaluationError, /requires 1 resource name/],
  ["[resourceId('v')]", EvaluationError, /no resource type/],
]
for (const [text, kind, says] of mistakes) {
  test(`${text.slice(0, 60)} is refused`, async () => {
    await assert.rejects(evaluateAll(text, scope, functions), (error: Error) => {
      assert.ok(error instanceof kind, String(error))
      assert.match(error.message, says)
      return true
    })
  })
}

test('expressions are replaced wherever they stand, also in the names of members', async () => {
  const part = { "[concat('k', '1')]": [{ a: "[parameters('n')]" }, null, 7, true] }
  assert.deepEqual(await evaluateAll(part, scope, functions), { k1: [{ a: 'one' }, null, 7, true] })
})

test('a reference is refused where nothing can be read yet', async () => {
  await assert.rejects(
    evaluateAll("[reference('x')]", { ...scope, reference: undefined }, functions),
    /'reference' is not expected at this location/,
  )
})

test('calls are found at any depth', () => {
  const expression = expressionIn("[concat(reference('a').b[reference('c').d], variables('e'))]")
  assert.ok(expression)
  assert.deepEqual(
    callsOf(expression, 'REFERENCE').map(({ args }) => args),
    [[{ kind: 'literal', value: 'a' }], [{ kind: 'literal', value: 'c' }]],
  )
})
