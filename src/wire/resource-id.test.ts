import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseResourceId } from './resource-id.ts'

const cases: [text: string, type: string, container: string, canonical: string][] = [
  ['/', 'Microsoft.Resources/tenants', '/', '/'],
  ['/subscriptions/S', 'Microsoft.Resources/subscriptions', '/', '/subscriptions/S'],
  [
    '/SUBSCRIPTIONS/S/resourcegroups/G ',
    'Microsoft.Resources/resourceGroups',
    '/subscriptions/S',
    '/subscriptions/S/resourceGroups/G',
  ],
  [
    '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm1',
    'Microsoft.Compute/virtualMachines',
    '/subscriptions/s/resourceGroups/g',
    '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm1',
  ],
  [
    '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm1/extensions/e/',
    'Microsoft.Compute/virtualMachines/extensions',
    '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm1',
    '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm1/extensions/e',
  ],
  [
    '/subscriptions/s/resourceGroups/g/providers/A.B/c/d/providers/Microsoft.Authorization/roleAssignments/r',
    'Microsoft.Authorization/roleAssignments',
    '/subscriptions/s/resourceGroups/g/providers/A.B/c/d',
    '/subscriptions/s/resourceGroups/g/providers/A.B/c/d/providers/Microsoft.Authorization/roleAssignments/r',
  ],
  [
    '/providers/Microsoft.Authorization/roleDefinitions/r',
    'Microsoft.Authorization/roleDefinitions',
    '/',
    '/providers/Microsoft.Authorization/roleDefinitions/r',
  ],
]

for (const [text, type, container, canonical] of cases) {
  test(`the id ${text} is of type ${type}`, () => {
    const id = parseResourceId(text)
    assert.deepEqual(
      { type: id?.type, container: id?.container, text: id?.text, key: id?.key },
      { type, container, text: canonical, key: canonical.toLowerCase() },
    )
  })
}

for (const text of [
  '',
  'subscriptions/s',
  '/subscriptions',
  '/subscriptions//resourceGroups/g',
  '/foo/bar',
  '/subscriptions/s/providers/A.B',
  '/subscriptions/s/providers/A.B/c',
]) {
  test(`'${text}' is not an id`, () => assert.equal(parseResourceId(text), undefined))
}
