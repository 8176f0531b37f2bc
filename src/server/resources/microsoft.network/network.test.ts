import assert from 'node:assert/strict'
import { test } from 'node:test'
import { machineBody, openGroup } from '../microsoft.compute/testing-machines.ts'

const version = { version: '2022-07-01' }
const location = 'westeurope'

async function openNetwork(t: Parameters<typeof openGroup>[0]) {
  const group = await openGroup(t)
  const network = `${group.id}/providers/Microsoft.Network`
  const send = (method: string, path: string, body?: unknown, token?: string) =>
    group.send(method, `${network}/${path}`, body, { ...version, ...(token === undefined ? {} : { token }) })
  const ok = async (method: string, path: string, body?: unknown) => {
    const answer = await send(method, path, body)
    assert.ok(answer.status < 300, `${method} ${path} ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  const refused = async (method: string, path: string, body?: unknown) => {
    const { status, body: answer } = await send(method, path, body)
    return [status, answer?.error?.code]
  }
  return { ...group, network, send, ok, refused, compute: group.send }
}

const vnet = (...subnets: object[]) => ({
  location,
  properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] }, subnets },
})
const subnet = (name: string, addressPrefix: string, more: object = {}) => ({
  name,
  properties: { addressPrefix, ...more },
})
const rule = (name: string, priority: number, more: object = {}) => ({
  name,
  properties: {
    protocol: 'tcp',
    access: 'allow',
    direction: 'inbound',
    priority,
    sourceAddressPrefix: '*',
    sourcePortRange: '*',
    destinationAddressPrefix: '*',
    destinationPortRange: '22',
    ...more,
  },
})
const nic = (network: string, more: object = {}) => ({
  location,
  properties: {
    ipConfigurations: [
      { name: 'ip1', properties: { subnet: { id: `${network}/virtualNetworks/v/subnets/s` }, ...more } },
    ],
  },
})

test('a virtual network shows its subnets, which are resources of their own', async t => {
  const { ok, network } = await openNetwork(t)
  const made = await ok('PUT', 'virtualNetworks/v', vnet(subnet('s', '10.0.0.0/24'), subnet('r', '10.0.1.0/24')))
  const id = `${network}/virtualNetworks/v`
  assert.deepEqual(
    made.properties.subnets.map((one: { id: string }) => one.id),
    [`${id}/subnets/r`, `${id}/subnets/s`],
  )
  assert.equal((await ok('GET', 'virtualNetworks/v/subnets/s')).properties.addressPrefix, '10.0.0.0/24')
  await ok('PUT', 'virtualNetworks/v/subnets/q', { properties: { addressPrefix: '10.0.2.0/24' } })
  await ok('PATCH', 'virtualNetworks/v', { tags: { a: 'b' } })
  const names = async () =>
    (await ok('GET', 'virtualNetworks/v')).properties.subnets.map((one: { name: string }) => one.name)
  assert.deepEqual(await names(), ['q', 'r', 's'])
  await ok('PUT', 'virtualNetworks/v', vnet(subnet('q', '10.0.2.0/24')))
  assert.deepEqual(await names(), ['q'])
})

test('subnets that have no place in their network are refused, and nothing changes', async t => {
  const { ok, refused } = await openNetwork(t)
  await ok('PUT', 'virtualNetworks/v', vnet(subnet('s', '10.0.0.0/24')))
  const put = (prefix: string, name = 'x') =>
    refused('PUT', `virtualNetworks/v/subnets/${name}`, { properties: { addressPrefix: prefix } })
  assert.deepEqual(await put('10.1.0.0/24'), [400, 'NetcfgSubnetRangeOutsideVnet'])
  assert.deepEqual(await put('10.0.0.128/25'), [400, 'NetcfgSubnetRangesOverlap'])
  assert.deepEqual(await put('10.0.0.0/99'), [400, 'InvalidAddressPrefixFormat'])
  const both = vnet(subnet('a', '10.0.0.0/24'), subnet('b', '10.0.0.0/25'))
  assert.deepEqual(await refused('PUT', 'virtualNetworks/w', both), [400, 'NetcfgSubnetRangesOverlap'])
  assert.deepEqual(await refused('GET', 'virtualNetworks/w'), [404, 'ResourceNotFound'])
  assert.equal((await ok('GET', 'virtualNetworks/v')).properties.subnets.length, 1)
})

test('a security group has Azure’s default rules, and keeps its own in Azure’s spelling', async t => {
  const { ok, refused, network } = await openNetwork(t)
  const made = await ok('PUT', 'networkSecurityGroups/g', {
    location,
    properties: { securityRules: [rule('ssh', 1000)] },
  })
  assert.deepEqual(
    made.properties.defaultSecurityRules.map((one: { name: string }) => one.name),
    [
      'AllowVnetInBound',
      'AllowAzureLoadBalancerInBound',
      'DenyAllInBound',
      'AllowVnetOutBound',
      'AllowInternetOutBound',
      'DenyAllOutBound',
    ],
  )
  const { protocol, access, direction } = made.properties.securityRules[0].properties
  assert.deepEqual([protocol, access, direction], ['Tcp', 'Allow', 'Inbound'])
  const put = (name: string, priority: number, more = {}) =>
    refused('PUT', `networkSecurityGroups/g/securityRules/${name}`, rule(name, priority, more))
  assert.deepEqual(await put('twin', 1000), [400, 'SecurityRuleConflict'])
  for (const wrong of [
    { priority: 99 },
    { protocol: 'sctp' },
    { destinationPortRange: '70000' },
    { sourceAddressPrefix: 'Sql.WestUS' },
    { sourceAddressPrefix: undefined },
  ])
    assert.deepEqual(await put('wrong', 200, wrong), [400, 'SecurityRuleInvalidParameter'], JSON.stringify(wrong))
  await ok('PUT', 'networkSecurityGroups/g/securityRules/out', rule('out', 1000, { direction: 'Outbound' }))
  await ok('DELETE', 'networkSecurityGroups/g/securityRules/ssh')
  const { properties } = await ok('GET', 'networkSecurityGroups/g')
  assert.deepEqual(
    properties.securityRules.map((one: { id: string }) => one.id),
    [`${network}/networkSecurityGroups/g/securityRules/out`],
  )
})

test('what an interface names must be there, and is in use until the interface is gone', async t => {
  const { ok, refused, network } = await openNetwork(t)
  assert.deepEqual(await refused('PUT', 'networkInterfaces/n', nic(network)), [400, 'InvalidResourceReference'])
  await ok('PUT', 'virtualNetworks/v', vnet(subnet('s', '10.0.0.0/24')))
  await ok('PUT', 'networkSecurityGroups/g', { location, properties: {} })
  await ok('PUT', 'publicIPAddresses/p', { location, properties: { dnsSettings: { domainNameLabel: 'host' } } })
  const address = { publicIPAddress: { id: `${network}/publicIPAddresses/p` } }
  const body = nic(network, address)
  Object.assign(body.properties, { networkSecurityGroup: { id: `${network}/networkSecurityGroups/g` } })
  await ok('PUT', 'networkInterfaces/n', body)
  const configuration = `${network}/networkInterfaces/n/ipConfigurations/ip1`
  const p = await ok('GET', 'publicIPAddresses/p')
  assert.deepEqual(
    [p.properties.ipConfiguration, p.properties.dnsSettings.fqdn],
    [{ id: configuration }, 'host.westeurope.cloudapp.azure.com'],
  )
  assert.deepEqual((await ok('GET', 'virtualNetworks/v/subnets/s')).properties.ipConfigurations, [
    { id: configuration },
  ])
  assert.deepEqual((await ok('GET', 'networkSecurityGroups/g')).properties.networkInterfaces, [
    { id: `${network}/networkInterfaces/n` },
  ])
  const expanded = await ok('GET', 'networkInterfaces/n?$expand=ipConfigurations/publicIPAddress')
  assert.equal(
    expanded.properties.ipConfigurations[0].properties.publicIPAddress.properties.dnsSettings.domainNameLabel,
    'host',
  )

  assert.deepEqual(await refused('PUT', 'networkInterfaces/m', nic(network, address)), [400, 'PublicIPAddressInUse'])
  assert.deepEqual(
    await refused('PUT', 'publicIPAddresses/q', { location, properties: { dnsSettings: { domainNameLabel: 'host' } } }),
    [400, 'DnsRecordInUse'],
  )
  assert.deepEqual(await refused('DELETE', 'publicIPAddresses/p'), [400, 'PublicIPAddressCannotBeDeleted'])
  assert.deepEqual(await refused('DELETE', 'networkSecurityGroups/g'), [
    400,
    'InUseNetworkSecurityGroupCannotBeDeleted',
  ])
  assert.deepEqual(await refused('DELETE', 'virtualNetworks/v/subnets/s'), [400, 'InUseSubnetCannotBeDeleted'])
  assert.deepEqual(await refused('DELETE', 'virtualNetworks/v'), [400, 'InUseSubnetCannotBeDeleted'])
  await ok('DELETE', 'networkInterfaces/n')
  for (const path of ['publicIPAddresses/p', 'networkSecurityGroups/g', 'virtualNetworks/v']) await ok('DELETE', path)
})

test('whoever names a thing in a network needs the right to join it', async t => {
  const { ok, send, network, id, lazuli } = await openNetwork(t)
  await ok('PUT', 'virtualNetworks/v', vnet(subnet('s', '10.0.0.0/24')))
  const narrow = await lazuli.principal({ roles: [{ role: 'Contributor', scope: `${network}/networkInterfaces/n` }] })
  const refusal = await send('PUT', 'networkInterfaces/n', nic(network), narrow.token)
  assert.deepEqual([refusal.status, refusal.body.error.code], [403, 'LinkedAuthorizationFailed'])
  assert.match(refusal.body.error.message, /Microsoft.Network\/virtualNetworks\/subnets\/join\/action/)
  const wide = await lazuli.principal({ roles: [{ role: 'Contributor', scope: id }] })
  assert.equal((await send('PUT', 'networkInterfaces/n', nic(network), wide.token)).status, 201)
})

test('an interface belongs to one machine, and is free again or gone after it', async t => {
  const { ok, refused, compute, finish, network, id } = await openNetwork(t)
  await ok('PUT', 'virtualNetworks/v', vnet(subnet('s', '10.0.0.0/24')))
  await ok('PUT', 'publicIPAddresses/p', { location })
  await ok(
    'PUT',
    'networkInterfaces/n',
    nic(network, { publicIPAddress: { id: `${network}/publicIPAddresses/p`, properties: { deleteOption: 'Delete' } } }),
  )
  await ok('PUT', 'networkInterfaces/other', nic(network))
  const machines = `${id}/providers/Microsoft.Compute/virtualMachines`
  const machine = (...interfaces: object[]) =>
    machineBody({ properties: { networkProfile: { networkInterfaces: interfaces } } })
  const named = {
    id: `${network}/networkInterfaces/n`.toUpperCase().replace('/SUBSCRIPTIONS', '/subscriptions'),
    properties: { deleteOption: 'Delete' },
  }
  const other = { id: `${network}/networkInterfaces/other` }
  await finish('PUT', `${machines}/vm1`, machine(named))
  assert.deepEqual((await ok('GET', 'networkInterfaces/n')).properties.virtualMachine, { id: `${machines}/vm1` })
  assert.deepEqual(await refused('DELETE', 'networkInterfaces/n'), [400, 'NicInUse'])

  const put = async (body: object) => {
    const { status, body: answer } = await compute('PUT', `${machines}/vm2`, body)
    return [status, answer.error?.code]
  }
  assert.deepEqual(await put(machine(named)), [400, 'NicInUse'])
  assert.deepEqual(await put(machine({ id: `${network}/networkInterfaces/none` })), [400, 'InvalidResourceReference'])
  assert.deepEqual(await put(machine(other, other)), [409, 'OperationNotAllowed'])

  await finish('PUT', `${machines}/vm2`, machine(other))
  await finish('DELETE', `${machines}/vm2`)
  assert.equal((await ok('GET', 'networkInterfaces/other')).properties.virtualMachine, undefined)
  await finish('DELETE', `${machines}/vm1`)
  assert.deepEqual(await refused('GET', 'networkInterfaces/n'), [404, 'ResourceNotFound'])
  assert.deepEqual(await refused('GET', 'publicIPAddresses/p'), [404, 'ResourceNotFound'])
})
