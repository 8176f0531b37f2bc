import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serviceUnit, socketUnit } from './unit-files.ts'

test('systemd listens at both addresses of localhost, or at the one that the machine has', () => {
  const addresses = (ipv6: boolean) => socketUnit(50342, { ipv6 }).match(/(?<=^ListenStream=).*$/gm)
  assert.deepEqual(addresses(true), ['127.0.0.1:50342', '[::1]:50342'])
  assert.deepEqual(addresses(false), ['127.0.0.1:50342'])
})

test('a command with characters that mean something to systemd stays one command', () => {
  const unit = serviceUnit(['/opt/no de/100%', '/a"b\\c$d'], { by: 'systemd' })
  const [command] = unit.match(/(?<=^ExecStart=).*$/m) ?? []
  assert.equal(command, String.raw`"/opt/no de/100%%" "/a\"b\\c$$d" "serve"`)
})

test('the program is never root, also where systemd cannot make up a user', () => {
  const lines = serviceUnit(['/opt/program'], { by: 'systemd' }).split('\n')
  for (const line of ['ExecStart="/opt/program" "serve"', 'DynamicUser=yes', 'CapabilityBoundingSet='])
    assert.ok(lines.includes(line), line)
  const unit = serviceUnit(['/opt/program'], { by: 'setpriv', path: '/usr/bin/setpriv' })
  assert.match(
    unit,
    /^ExecStart="\/usr\/bin\/setpriv" "--reuid=61184" "--regid=61184" .* "--" "\/opt\/program" "serve"$/m,
  )
  assert.doesNotMatch(unit, /DynamicUser/)
})
